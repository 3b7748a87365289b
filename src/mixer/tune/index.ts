/** Measures tiles on this machine, and its memory. */
export { type Bandwidth, measureBandwidth } from './bandwidth.js';
export { measureCosts, type MeasureOptions } from './measure.js';

/** Measures tiles on this machine. */
export { measureBandwidth } from './bandwidth.js';
export { measureCosts, type MeasureOptions } from './measure.js';

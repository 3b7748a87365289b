/** Measures tiles on this machine. */
export { measureCosts, type MeasureOptions } from './measure.js';

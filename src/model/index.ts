/** The model: bundles, and the dense part of a Hyena language model in ONNX Runtime. */
export { openBundle, otherThanBundle, type Bundle } from '../bundle/bundle.js';
export * from '../bundle/config.js';
export * from '../format/errors.js';
export { openModel } from './model.js';
export { logProbability } from './probability.js';
export { StepState } from './state.js';
export { checkToken } from './stepper.js';
export type * from './types.js';

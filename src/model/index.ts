/** The model made ready to run: its sessions, one step, a whole prompt. */
export { type Devices, findDevices } from './devices.js';
export { openModel } from './model.js';
/** @internal */
export { timeNodes } from './nodes.js';
export { logProbability } from './probability.js';
/** @internal */
export { sequenceBytes } from './sequence-pass.js';
export { StepState } from './state.js';
export { checkToken } from './token.js';
export type * from './types.js';

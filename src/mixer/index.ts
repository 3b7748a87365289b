/** Position mixing: online long convolutions, and the offline one for prompts. */
export type { Mixer, MixerName, MixerShape } from './mixer.js';
export { planFor, type Plan, type TauName, type TilePlan } from './plan/plan.js';
export { COSTS, type CostTable } from './plan/costs.js';
export { measureCosts, type MeasureOptions } from './plan/measure.js';
export { sidesOf, tileAfter, tiles, type Range, type Tile } from './schedule.js';
export { bytesNeeded, createMixer, type MixerOptions } from './create.js';
export { convolveOffline, OfflineConvolver, offlineBytesNeeded, type OfflineShape } from './offline.js';

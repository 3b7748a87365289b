/** Position mixing: online long convolutions, and the offline one for prompts. */
export type { Mixer, MixerName, MixerShape } from './mixer.js';
export type { Plan, TauName, TilePlan } from './plan/plan.js';
export { bytesNeeded, createMixer, type MixerOptions } from './create.js';
export { convolveOffline, type OfflineShape } from './offline.js';

/** Position mixing: online long convolutions, the offline one for prompts, and any other mixer that can be tiled. */
export type { Mixer } from './mixer.js';
export { MIXERS, type MixerName, type MixerShape } from './shape.js';
export { isFolded, recomputes, type LevelKind, type LevelPlan, type Plan } from './plan/plan.js';
export { checkPlan } from './plan/check.js';
export {
  binaryPlan,
  costOf,
  flatPlan,
  flatPlans,
  foldedPlans,
  planCost,
  planFor,
  plansFor,
} from './plan/planner.js';
export { planMemory, type PlanMemory } from './memory/usage.js';
export { costsFile, keepCosts, machineCosts, makeCostsFolder, readCosts } from './plan/wisdom.js';
export { COSTS, type CostTable, type LevelCosts } from './plan/costs.js';
export { measureCosts, type MeasureOptions } from './tune/measure.js';
export {
  binaryLevels,
  sidesOf,
  tileAfter,
  tiles,
  type Level,
  type Range,
  type Tile,
} from './schedule/index.js';
export { build, createMixer, fit, type MixerOptions } from './create.js';
export type { KernelsName, Recipe } from './engine/open.js';
export { convolveOffline, OfflineConvolver, offlineBytesNeeded, type OfflineShape } from './offline.js';
export * from './framework/index.js';

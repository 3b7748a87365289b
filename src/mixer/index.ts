/** Position mixing: online long convolutions, the offline one for prompts, and any other mixer that can be tiled. */
export type { Mixer } from './mixer.js';
export {
  MIXERS,
  type DataDependentFilter,
  type FilterKind,
  type ImplicitShape,
  type MixerName,
  type MixerShape,
  type ModalFilter,
  type WindowFilter,
} from './shape.js';
export { modalTaps, type ComplexRows, type Modes } from './modes.js';
export {
  binaryPlan,
  checkPlan,
  costOf,
  COSTS,
  costsFile,
  type CostTable,
  flatPlan,
  flatPlans,
  foldedPlans,
  isFolded,
  keepCosts,
  type LevelCosts,
  type LevelKind,
  type LevelPlan,
  machineCosts,
  makeCostsFolder,
  type Plan,
  planCost,
  planFor,
  plansFor,
  plansForFilter,
  readCosts,
  recomputes,
} from './plan/index.js';
export { planMemory, type PlanMemory } from './memory/index.js';
export { type Bandwidth, measureBandwidth, measureCosts, type MeasureOptions } from './tune/index.js';
export {
  binaryLevels,
  sidesOf,
  tileAfter,
  tiles,
  type Level,
  type Range,
  type Tile,
} from './schedule/index.js';
export { ImplicitFilters, type Lags, type ReadValues } from './engine/index.js';
/** @internal */
export { MOST_GROWN, ROWS_TOGETHER } from './engine/index.js';
export { build, createMixer, fit, type MixerOptions } from './create.js';
export { createMixerOfKinds, type KindsOptions, type KindsShape, type MixerOfKinds } from './of-kinds.js';
export type { KernelsName, Recipe } from './engine/index.js';
export { convolveOffline, OfflineConvolver, offlineBytesNeeded, type OfflineShape } from './offline.js';
export {
  blockRows,
  BlockwiseConvolver,
  blockwiseBytes,
  type BlockwiseShape,
  longestSequence,
} from './blockwise.js';
export * from './framework/index.js';
/** @internal */
export { mixerModules } from './kernel/index.js';
/** @internal */
export { buildOn } from './create.js';
/** @internal */
export { OnlineMixer } from './online.js';

/** Which levels, which tile for each, and what it costs: plain data. */
export { checkPlan } from './check.js';
export { COSTS, type CostTable, type LevelCosts } from './costs.js';
export {
  fanOutOf,
  FLAT_SIDE,
  isFolded,
  isRing,
  type LevelKind,
  type LevelPlan,
  periodOf,
  type Plan,
  recomputes,
  SMALLEST_FFT,
  tilingOf,
} from './plan.js';
export {
  binaryPlan,
  costOf,
  flatPlan,
  flatPlans,
  foldedPlans,
  planCost,
  planFor,
  plansFor,
  plansForFilter,
} from './planner.js';
export { costsFile, keepCosts, machineCosts, makeCostsFolder, readCosts } from './wisdom.js';

/** Ways to mix, by names that mean one thing. */
import {
  binaryPlan,
  type CostTable,
  flatPlans,
  foldedPlans,
  type MixerName,
  type Plan,
  plansFor,
} from '../mixer/index.js';

/**
 * Baselines first: *lazy* sums the whole past for each position, *eager* pushes each input into the whole future. Tiled:
 * *binary* is the paper's, *fan-out* the fastest plan whose tiles are all urgent, *flat* the one that generation takes, with
 * deferred tiles, so that no token waits for a large one.
 */
export const VARIANTS = ['lazy', 'eager', 'binary', 'fan-out', 'flat'] as const;
export type Variant = (typeof VARIANTS)[number];

export type Baseline = 'lazy' | 'eager';
export type Tiling = Exclude<Variant, Baseline>;

/** The tiling that texts take, of models whose filters depend on the data or do not. */
export const generatedBy = (filter: object | string | undefined): Tiling =>
  filter === undefined ? 'flat' : 'binary';

/** Of a tiling, by what tiles cost: plans, from the fastest to the leanest. */
const PLANS: Record<Tiling, (length: number, costs: CostTable) => readonly Plan[]> = {
  binary: (length, costs) => [binaryPlan(length, costs)],
  // There is no prompt to leave room for.
  'fan-out': (length, costs) => [...plansFor(length, costs), ...foldedPlans(length, costs)],
  flat: flatPlans,
};

export const isTiling = (variant: Variant): variant is Tiling => variant in PLANS;

/** What `fit` is told of a variant. */
export function choiceOf(
  variant: Variant,
  length: number,
  costs: CostTable,
): { readonly name: MixerName; readonly plan?: readonly Plan[] } {
  return isTiling(variant) ? { name: 'tiled', plan: PLANS[variant](length, costs) } : { name: variant };
}

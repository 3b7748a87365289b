/** Are estimates right? The baselines at a length where all of it can be measured, from samples and whole, side by side. */
import { curveOf } from './curve.js';
import { Definition } from './definition.js';
import { estimate } from './estimate.js';
import { type BenchShape, recipeOf, samplingOf } from './case.js';
import type { MixingOptions } from './mixing.js';
import type { Validation } from './report.js';
import { OutOfTime } from './rounds.js';
import { everything } from './sampling.js';
import { Track } from './track.js';
import type { Baseline } from './variants.js';

/** Lengths whose estimates are worth a proof. */
const SHORTEST = 4096;
const LONGEST = 16384;
const MOST_ROUNDS = 3;

/**
 * At the greatest length that time allows: 16,384 positions at most, and 4,096 at least; null if the latter is no less than those
 * measured, or was too much.
 *
 * @param variants with what they are estimated to take over all positions of `shape`, ms
 */
export async function validate(
  variants: ReadonlyMap<Baseline, number>,
  shape: BenchShape,
  options: MixingOptions & { readonly budgetMs: number },
): Promise<Validation | null> {
  const { clock = () => performance.now(), budgetMs, breathe } = options;
  if (variants.size === 0 || shape.length <= SHORTEST) return null;
  const whole = [...variants.values()].reduce((sum, ms) => sum + ms, 0);
  let length = Math.min(LONGEST, 2 ** Math.floor(Math.log2(shape.length)));
  while (length > SHORTEST && 1.3 * whole * (length / shape.length) ** 2 > budgetMs) length /= 2;
  const deadline = clock() + budgetMs;
  const begin = clock();
  const pairs = [...variants.keys()].map((variant) => ({
    variant,
    estimated: [] as number[],
    full: [] as number[],
    cpuShares: [] as number[],
  }));
  const guarded: MixingOptions = {
    ...options,
    breathe: () => {
      breathe?.();
      if (clock() > deadline) throw new OutOfTime();
    },
  };
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (round > 0 && (clock() - begin) * (1 + 1 / round) > budgetMs) break;
      const times = [];
      for (const { variant } of pairs) times.push(await sideBySide(variant, { ...shape, length }, guarded));
      times.forEach(({ estimated, full, cpuShare }, k) => {
        pairs[k].estimated.push(estimated);
        pairs[k].full.push(full);
        pairs[k].cpuShares.push(cpuShare);
      });
    }
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error;
  }
  if (pairs[0].full.length === 0) return null;
  return {
    length,
    rows: pairs.map(({ variant, estimated, full, cpuShares }) => ({
      variant,
      estimatedMs: estimate(estimated),
      fullMs: estimate(full),
      cpuShare: Math.min(...cpuShares),
    })),
  };
}

/** Two mixers of a kind, one measured everywhere and one at samples, which take turns: the machine's moods meet both. ms. */
async function sideBySide(
  variant: Baseline,
  shape: BenchShape,
  options: MixingOptions,
): Promise<{ estimated: number; full: number; cpuShare: number }> {
  const { seed = 1, samples, costs, filter, breathe = () => undefined } = options;
  const { length } = shape;
  const ways = [everything(length), samplingOf({ variant, shape }, { samples })];
  const recipe = recipeOf({ variant, shape, threads: 1 }, { costs, filter });
  const tracks: Track[] = [];
  try {
    for (const sampling of ways) {
      const definition = new Definition(shape, [], filter !== undefined);
      tracks.push(await Track.open(recipe, { seed, definition, sampling, label: variant, breathe }));
    }
    const [cpu, began] = [process.cpuUsage(), performance.now()];
    const parts = Math.max(1, ways[1].strata.length);
    for (let part = 1; part <= parts; part++) {
      for (const track of tracks) await track.advance(Math.round((part * length) / parts));
    }
    const [full, estimated] = tracks.map(({ tokens }, k) => curveOf(tokens, ways[k]).at(-1)!.ms);
    const { user, system } = process.cpuUsage(cpu);
    return { full, estimated, cpuShare: (user + system) / 1e3 / (performance.now() - began) };
  } finally {
    for (const track of tracks) await track.mixer.close();
  }
}

/** Time used up to a position, from all positions or from some. */
import { median } from './estimate.js';
import type { Sampling } from './sampling.js';

/** Points of a full curve. */
const CURVE_POINTS = 256;
/** What takes so many times as long as its neighbours was interrupted. */
const INTERRUPTED = 8;

/** Time used up to a position (exclusive), ascending; the last is the total. */
export type Curve = readonly { readonly position: number; readonly ms: number }[];

/** The cumulative curve of a run, from times by position, us: added up, or integrated where some were sampled. */
export function curveOf(tokens: Float64Array, { strata }: Sampling): Curve {
  return strata.length === 0 ? accumulate(tokens) : integrate(tokens, strata);
}

/**
 * Time used by the first position, the first two, and so on, from times by position, us: ms, `[positions - 1]`. Of a tiling, as if
 * there were none after them: the last one has no tile but the smallest to compute, and counts as much as the last that had none.
 */
export function firstPositions(tokens: Float64Array, tiled: boolean): Float64Array {
  let before = 0;
  return tokens.map((us, t) => {
    const last = tiled && t % 2 === 1 ? tokens[t - 1] : us;
    const ms = (before + last) / 1e3;
    before += us;
    return ms;
  });
}

function accumulate(tokens: Float64Array): Curve {
  const every = Math.ceil(tokens.length / CURVE_POINTS);
  const curve: { position: number; ms: number }[] = [];
  let ms = 0;
  tokens.forEach((us, t) => {
    ms += us / 1e3;
    if ((t + 1) % every === 0 || t + 1 === tokens.length) curve.push({ position: t + 1, ms });
  });
  return curve;
}

/**
 * Each stratum costs its width times the mean of the positions that count: a mean, as it is now and then that an engine does
 * more. What the system took away in between would count a hundred times here, and is left out.
 */
function integrate(tokens: Float64Array, strata: Sampling['strata']): Curve {
  const width = tokens.length / strata.length;
  let ms = 0;
  return strata.map((positions, k) => {
    const times = positions.map((t) => tokens[t]);
    const most = INTERRUPTED * median(times);
    const undisturbed = times.filter((us) => us <= most);
    ms += ((undisturbed.reduce((sum, us) => sum + us, 0) / undisturbed.length) * width) / 1e3;
    return { position: Math.round((k + 1) * width), ms };
  });
}

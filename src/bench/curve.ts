/** Time used up to a position, from all positions or from some. */
import { median } from './estimate.js';

/**
 * Consecutive positions measured at each sampled one. As in a run that leaves none out, caches hold then what they can: the first
 * ones bring that in, and the median of the others counts.
 */
const REPEATS = 8;
const COLD = 3;
/** Points of a full curve. */
const CURVE_POINTS = 256;

/** Time used up to a position (exclusive), ascending; the last is the total. */
export type Curve = readonly { readonly position: number; readonly ms: number }[];

/** `REPEATS` consecutive positions in the middle of each of `count` equal strata; all, if that is as many. */
export function samplePositions(length: number, count: number): Set<number> {
  const positions = new Set<number>();
  if (count * REPEATS >= length) {
    for (let t = 0; t < length; t++) positions.add(t);
    return positions;
  }
  for (let k = 0; k < count; k++) {
    const middle = Math.floor(((k + 0.5) * length) / count);
    for (let r = 0; r < REPEATS; r++) positions.add(Math.min(length - 1, middle - REPEATS / 2 + r));
  }
  return positions;
}

/** The cumulative curve of positions that were all measured. */
export function accumulate(tokens: Float64Array): Curve {
  const every = Math.ceil(tokens.length / CURVE_POINTS);
  const curve: { position: number; ms: number }[] = [];
  let ms = 0;
  tokens.forEach((us, t) => {
    ms += us / 1e3;
    if ((t + 1) % every === 0 || t + 1 === tokens.length) curve.push({ position: t + 1, ms });
  });
  return curve;
}

/** The same from samples: each stratum costs its width times the median of those that count. */
export function integrate(tokens: Float64Array, sampled: ReadonlySet<number>): Curve {
  const positions = [...sampled].sort((a, b) => a - b);
  const strata = positions.length / REPEATS;
  const curve: { position: number; ms: number }[] = [];
  let ms = 0;
  for (let k = 0; k < strata; k++) {
    const counted = positions.slice(k * REPEATS + COLD, (k + 1) * REPEATS).map((t) => tokens[t]);
    ms += (median(counted) / 1e3) * (tokens.length / strata);
    curve.push({ position: Math.round(((k + 1) * tokens.length) / strata), ms });
  }
  return curve;
}

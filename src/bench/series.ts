/** Times per token over a run, as much of them as a picture can show. */
import { quantiles } from './quantiles.js';

/** Stretches of a run. */
const STRETCHES = 128;
/** Tokens of each tile side that are kept. */
const PER_SIDE = 96;

/** How times were spread in one stretch of a run, the unit as of the times. */
export interface Stretch {
  /** Where it ends, exclusive. */
  readonly position: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Tokens after which tiles of one side are due, evenly spread over the run, and their times. */
export interface SideSeries {
  /** The largest power of two that divides the number of inputs then known. */
  readonly side: number;
  readonly positions: readonly number[];
  readonly times: readonly number[];
}

export function stretches(times: Float64Array): Stretch[] {
  const count = Math.min(STRETCHES, times.length);
  return Array.from({ length: count }, (_, k) => {
    const to = Math.round(((k + 1) * times.length) / count);
    const { p50, p99, max } = quantiles(times.subarray(Math.round((k * times.length) / count), to));
    return { position: to, p50, p99, max };
  });
}

/** @param times by position: that of position t is the token with which t + 1 inputs are known; after the last no tile is due */
export function bySide(times: Float64Array): SideSeries[] {
  const series: SideSeries[] = [];
  const known = times.length - 1;
  for (let side = 1; side <= known; side *= 2) {
    const tokens = Math.floor((Math.floor(known / side) + 1) / 2);
    const count = Math.min(PER_SIDE, tokens);
    const positions = Array.from(
      { length: count },
      (_, k) => side * (2 * Math.floor((k * tokens) / count) + 1) - 1,
    );
    series.push({ side, positions, times: positions.map((t) => times[t]) });
  }
  return series;
}

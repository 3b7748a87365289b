/** Scales of a chart's axes, by d3. */
import type { ScaleContinuousNumeric } from 'd3-scale';
import type { Axis, Chart, Point } from './figure.js';

export type Scale = ScaleContinuousNumeric<number, number>;

/** The package that makes them; loaded only when something is drawn. */
type D3Scale = typeof import('d3-scale');

/** Of what is drawn, `x` and `y` in the ranges given. Log scales show nothing at 0 and below. */
export function scalesOf(
  chart: Chart,
  { scaleLinear, scaleLog }: D3Scale,
  range: { readonly x: readonly [number, number]; readonly y: readonly [number, number] },
): { readonly x: Scale; readonly y: Scale } {
  const points = pointsOf(chart);
  const make = (axis: Axis, k: 0 | 1, ends: readonly [number, number]): Scale => {
    const values = points.map((point) => point[k]).filter((value) => axis.log === undefined || value > 0);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (axis.log === undefined) {
      const linear = scaleLinear([0, high], ends);
      return k === 1 ? linear.nice() : linear;
    }
    const scale = scaleLog([low, high > low ? high : low * axis.log], ends).base(axis.log);
    // A little room above and below, where the ends are not positions.
    return k === 1 ? scale.domain([low / 1.3, high * 1.3]) : scale;
  };
  return { x: make(chart.x, 0, range.x), y: make(chart.y, 1, range.y) };
}

function pointsOf({ lines, dots = [], rules = [], marks = [] }: Chart): Point[] {
  const points = [...lines, ...dots].flatMap(({ points }) => points);
  const x = points[0]?.[0] ?? 1;
  return [...points, ...rules.map(({ y }): Point => [x, y]), ...marks.map(({ at }) => at)];
}

/**
 * About so many round numbers; of a log scale, powers of its base at even distances, or within two of them 1, 2 and 5 of each,
 * if there are two such.
 */
export function ticksOf(scale: Scale, { log }: Axis, most: number): number[] {
  if (log === undefined) return scale.ticks(most);
  const [low, high] = scale.domain().map((value) => Math.log(value) / Math.log(log));
  const every = Math.max(1, Math.ceil((high - low) / most));
  const ticks: number[] = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) {
    if (power % every === 0) ticks.push(log ** power);
  }
  if (ticks.length > 1 || log !== 10) return ticks;
  const all = scale.ticks(most);
  const round = all.filter((tick) => /^[125]e/.test(tick.toExponential()));
  return round.length > 1 ? round : all;
}

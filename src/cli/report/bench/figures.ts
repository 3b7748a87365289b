/** The pictures of a run: which there are, and what each shows. */
import {
  type BenchReport,
  generatedBy,
  isTiling,
  type MixingRow,
  type Variant,
} from '../../../bench/index.js';
import type { Chart, Figure, Line, Point } from '../plot/figure.js';
import { digits, ratio, time } from './units.js';

/** Those that the run has figures for. */
export function figuresOf(report: BenchReport): Figure[] {
  return [
    cumulative(report),
    ...(['binary', 'flat'] as const).map((variant) => perToken(report, variant)),
    tiles(report),
    split(report),
    ratios(report),
    memory(report),
  ].filter((figure) => figure !== undefined);
}

/** Rows of the first size of the greatest length, one thread. */
function main({ mixing }: BenchReport): readonly MixingRow[] {
  const longest = Math.max(...mixing.map(({ shape }) => shape.length));
  const first = mixing.find(({ shape }) => shape.length === longest)!.shape;
  return mixing.filter(
    ({ shape, threads }) => threads === 1 && JSON.stringify(shape) === JSON.stringify(first),
  );
}

const last = (points: readonly Point[]): Point => points[points.length - 1];

function cumulative(report: BenchReport): Chart | undefined {
  const rows = main(report);
  const lines = rows.map(({ variant, curve, estimated }): Line => ({
    label: estimated ? `${variant} (estimated)` : variant,
    colour: variant,
    dashed: estimated,
    points: curve.map(({ position, ms }) => [position, ms]),
  }));
  if (lines.length === 0) return undefined;
  const guide = (label: string, line: Line | undefined, growth: (n: number) => number): Line[] => {
    if (line === undefined) return [];
    const [n, ms] = last(line.points);
    // Beside the line it is a guide for, not on it.
    const points = line.points.map(([x]): Point => [x, (1.6 * ms * growth(x)) / growth(n)]);
    return [{ label, colour: 'other', dashed: true, points }];
  };
  const of = (wanted: Variant): Line | undefined => lines.find(({ colour }) => colour === wanted);
  return {
    kind: 'chart',
    name: 'cumulative',
    title: 'Mixing time up to a position',
    reading:
      'In all, lazy and eager take time that grows with the square of the length, tilings as N log² N. Grey lines show both growths.',
    x: { label: 'position', unit: 'count', log: 2 },
    y: { label: 'time so far', unit: 'ms', log: 10 },
    lines: [
      ...lines,
      ...guide('N²', of('lazy'), (n) => n ** 2),
      ...guide('N log² N', of('binary') ?? of('flat'), (n) => n * Math.log2(n + 1) ** 2),
    ],
  };
}

function perToken(report: BenchReport, variant: 'binary' | 'flat'): Chart | undefined {
  const row = main(report).find((row) => row.variant === variant);
  if (row === undefined || row.sides.length === 0) return undefined;
  const { sides, tokenUs, shape } = row;
  return {
    kind: 'chart',
    name: `tokens-${variant}`,
    title: `Time of each token's mixing, ${variant}`,
    reading:
      variant === 'binary'
        ? 'A token waits for the whole tile that is due: the larger its side, the longer. Few tokens have large tiles, but each of them is a pause.'
        : 'No token waits for a large tile: above some side, tiles are worked off in slices over the tokens before they are due. Colours: the largest power of two that divides the inputs then known.',
    x: { label: 'position', unit: 'count' },
    y: { label: 'time of the token', unit: 'us', log: 10 },
    lines: [],
    dots: sides
      .filter(({ positions }) => positions.length > 0)
      .map(({ side, positions, times }, k, all) => ({
        label: `${side}`,
        colour: all.length < 2 ? 0 : k / (all.length - 1),
        points: positions.map((position, at): Point => [position + 1, times[at]]),
      })),
    rules: [
      { y: tokenUs.p50, label: `p50 ${time(tokenUs.p50 / 1000)}` },
      { y: tokenUs.p999, label: `p99.9 ${time(tokenUs.p999 / 1000)} of ${shape.length} tokens` },
    ],
  };
}

function tiles(report: BenchReport): Chart | undefined {
  const { tiles } = report;
  if (tiles === null) return undefined;
  const line = (label: string, colour: Line['colour'], costs: readonly (number | null)[]): Line => ({
    label,
    colour,
    points: costs.flatMap((ns, k): Point[] => (ns !== null && Number.isFinite(ns) ? [[2 ** k, ns]] : [])),
  });
  const direct = line('direct', 'lazy', tiles.direct[2] ?? []);
  const fft = line('FFT', 'binary', tiles.fft[2] ?? []);
  const best = new Map<number, number>();
  for (const [side, ns] of [...direct.points, ...fft.points])
    best.set(side, Math.min(ns, best.get(side) ?? Infinity));
  const fans = Object.entries(tiles.fft)
    .filter(([fanOut]) => fanOut !== '2')
    // A level of a larger fan-out stands for several of 2: per level of 2, they compare.
    .map(([fanOut, costs]) =>
      line(
        `FFT, ${fanOut} children, per halving`,
        fanOut === '4' ? 'fan-out' : 'eager',
        costs.map((ns: number | null) => (ns === null ? null : ns / Math.log2(Number(fanOut)))),
      ),
    );
  const envelope: Line = {
    label: 'the cheaper of direct and FFT',
    colour: 'other',
    dashed: true,
    points: [...best].sort(([a], [b]) => a - b),
  };
  const change = envelope.points.find(([side, ns]) => fft.points.some(([s, n]) => s === side && n === ns));
  return {
    kind: 'chart',
    name: 'tiles',
    title: 'What a level of tiles costs by their side (tau)',
    reading:
      'Direct products win for small sides, FFTs for large ones; a plan takes the cheaper for each side. Splitting blocks into ' +
      'more than two children replaces several levels by one.',
    x: { label: 'side of the tiles', unit: 'count', log: 2 },
    y: { label: 'ns per token and channel', unit: 'ns', log: 10 },
    lines: [direct, fft, ...fans, envelope],
    marks: change ? [{ at: change, label: `FFT from side ${change[0]} on` }] : [],
  };
}

function split({ filter, endToEnd }: BenchReport): Figure | undefined {
  if (endToEnd === null) return undefined;
  const rows = endToEnd.rows.filter(({ lanes }) => lanes === 1);
  const flat = rows.find(({ variant }) => variant === generatedBy(filter));
  const share = flat === undefined ? 0 : (100 * flat.mixingMs) / flat.totalMs.median;
  return {
    kind: 'bars',
    name: 'split',
    title: 'A token of a text: mixing, and the rest of the model',
    reading: `Tiled, mixing is ${share.toFixed(0)} % of a token; what is left is the model's own.`,
    unit: 'ms',
    label: `ms per token, on average over ${endToEnd.length} tokens`,
    parts: [
      { label: 'mixing', colour: 'flat' },
      { label: 'rest', colour: 'other' },
    ],
    bars: rows.map(({ variant, estimated, totalMs, mixingMs }) => ({
      label: estimated ? `${variant}, estimated` : variant,
      values: [mixingMs / endToEnd.length, (totalMs.median - mixingMs) / endToEnd.length],
    })),
  };
}

function ratios(report: BenchReport): Chart | undefined {
  const { convolutions, width, lanes } = main(report)[0].shape;
  const alone = report.mixing.filter(({ threads }) => threads === 1);
  const measured = new Set(alone.map(({ shape }) => shape.length));
  const rows = [...report.lengths.filter(({ shape }) => !measured.has(shape.length)), ...alone].filter(
    ({ shape }) => shape.convolutions === convolutions && shape.width === width && shape.lanes === lanes,
  );
  const lazy = new Map(
    rows
      .filter(({ variant }) => variant === 'lazy')
      .map(({ shape, warmMs }) => [shape.length, warmMs.median]),
  );
  const lines = (['binary', 'fan-out', 'flat'] as const).map((wanted): Line => {
    const points = rows
      .filter(({ variant, shape }) => variant === wanted && lazy.has(shape.length))
      .map(({ shape, warmMs }): Point => [shape.length, lazy.get(shape.length)! / warmMs.median]);
    return { label: wanted, colour: wanted, points: points.sort(([a], [b]) => a - b) };
  });
  const texts = report.endToEnd?.short ?? [];
  const text = (
    label: string,
    colour: Line['colour'],
    of: (row: (typeof texts)[number]) => number,
  ): Line => ({
    label,
    colour,
    dashed: true,
    points: texts.map((row): Point => [row.length, of(row)]),
  });
  const all = [
    ...lines,
    text('flat, whole texts', 'lazy', ({ ratio }) => ratio.median),
    text('without the steps', 'eager', ({ lazyRestMs, flatRestMs }) => lazyRestMs.median / flatRestMs.median),
  ].filter(({ points }) => points.length > 1);
  if (all.length === 0) return undefined;
  const flat = lines[2].points;
  const from = report.crossover.mixing.flat?.from;
  const mark = flat.find(([length]) => from !== undefined && length >= from);
  return {
    kind: 'chart',
    name: 'ratio',
    title: 'How much faster than lazy, by length',
    reading:
      (from === undefined
        ? 'Flat was not faster than lazy at the longest length measured.'
        : `Above the line at 1, tiled is faster: flat from ${from} positions on.`) +
      (flat.length > 0 ? ` At ${last(flat)[0]} positions it is ${ratio(last(flat)[1])}.` : ''),
    x: { label: 'positions', unit: 'count', log: 2 },
    y: { label: 'lazy’s time over its own', unit: 'ratio', log: 10 },
    lines: all,
    rules: [{ y: 1, label: 'as fast as lazy' }],
    marks: mark ? [{ at: mark, label: `flat wins from ${from} on` }] : [],
  };
}

function memory({ memory, provenance }: BenchReport): Chart | undefined {
  const variants = [...new Set(memory.map(({ variant }) => variant))];
  if (variants.length === 0) return undefined;
  const longest = memory.filter(({ variant }) => isTiling(variant)).at(-1);
  return {
    kind: 'chart',
    name: 'memory',
    title: 'Memory that a mixer holds, by length',
    reading:
      'All keep inputs and filters; tilings keep spectra besides.' +
      (longest
        ? ` ${longest.variant} at ${longest.length} positions: ${digits(longest.bytes / 2 ** 30)} GiB.`
        : ''),
    x: { label: 'positions', unit: 'count', log: 2 },
    y: { label: 'bytes', unit: 'bytes', log: 2 },
    lines: variants.map((wanted) => ({
      label: wanted,
      colour: wanted,
      points: memory
        .filter(({ variant }) => variant === wanted)
        .map(({ length, bytes }): Point => [length, bytes]),
    })),
    rules: [{ y: provenance.memoryBytes, label: 'this machine’s memory' }],
  };
}

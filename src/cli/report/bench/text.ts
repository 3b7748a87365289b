/** A run of the benchmark as tables, 80 columns at most, for a terminal or as Markdown. */
import {
  ALONE,
  type BenchReport,
  type EndToEndReport,
  generatedBy,
  type MixingRow,
  NOTICED,
  type Quantiles,
  VARIANTS,
} from '../../../bench/index.js';
import { table } from '../table.js';
import { count, gib, giga, interval, mib, percent, ratio, time, within } from './units.js';

type Shape = MixingRow['shape'];

export function renderBench(report: BenchReport, format: 'text' | 'md' = 'text'): string {
  const heading = (title: string): string => (format === 'md' ? `## ${title}\n` : `${title}\n`);
  const sections = [
    about(report),
    ...bySize(report.mixing).map((rows) => mixing(rows, heading)),
    baselines(report),
    lengths(report, heading),
    validation(report),
    report.endToEnd === null ? '' : endToEnd(report.endToEnd, report, heading),
    remarks(report),
  ];
  return sections.filter((section) => section !== '').join('\n');
}

/** `flat`, `flat, 2 threads`. */
export const labelOf = ({ variant, threads }: Pick<MixingRow, 'variant' | 'threads'>): string =>
  threads > 1 ? `${variant}, ${threads} threads` : variant;

/** `18 x 256 channels, 131072 positions`. */
export function sizeOf({ convolutions, width, length, lanes }: Shape): string {
  const side = lanes > 1 ? `, ${lanes} sequences` : '';
  return `${convolutions} x ${width} channels, ${length} positions${side}`;
}

export function bySize(rows: readonly MixingRow[]): MixingRow[][] {
  const sizes = new Map<string, MixingRow[]>();
  for (const row of rows) sizes.set(sizeOf(row.shape), [...(sizes.get(sizeOf(row.shape)) ?? []), row]);
  return [...sizes.values()];
}

function about({ provenance: p, filter, tookMs, bandwidth }: BenchReport): string {
  const pages = p.largePages === null ? '' : `, large pages: ${p.largePages}`;
  const used = p.largePageBytes ? ` (${mib(p.largePageBytes)} MiB)` : '';
  return [
    `flashinf ${p.version}, node ${p.node}, ${p.platform}, ${p.date}`,
    `${p.cores} x ${p.cpu}, ${gib(p.memoryBytes)}${pages}${used}, load ${p.load.toFixed(1)}`,
    `kernels ${p.kernels === 'relaxed' ? 'with' : 'without'} relaxed SIMD, costs ${p.costs === 'built in' ? 'built in' : 'of this machine'}`,
    ...(filter === undefined ? [] : ['Filters depend on the data: tiles are of the doubling form']),
    `One thread reads ${giga(bandwidth.before.median)} GB/s from memory; the run took ${time(tookMs)}`,
    '',
  ].join('\n');
}

function mixing(rows: readonly MixingRow[], heading: (title: string) => string): string {
  const lazy = rows.find(({ variant }) => variant === 'lazy');
  const times = rows.map(({ warmMs, coldMs, setupMs, estimated, ...row }) => [
    labelOf(row),
    `${estimated ? '~' : ''}${time(warmMs.median)}`,
    interval(warmMs),
    coldMs === null ? '' : time(coldMs.median),
    time(setupMs.median),
    `${warmMs.samples.length}`,
    lazy === undefined ? '' : ratio(lazy.warmMs.median / warmMs.median),
  ]);
  const tokens = rows.map((row) => [
    labelOf(row),
    row.nsPerTokenChannel.toFixed(1),
    row.tokenUs.p50.toFixed(2),
    row.tokenUs.p999.toFixed(row.tokenUs.p999 < 100 ? 1 : 0),
    (row.tokenUs.max / 1000).toFixed(2),
    mib(row.bytes),
  ]);
  const worst = Math.max(...rows.map(({ agreement }) => agreement.worst));
  return (
    heading(`Mixing: ${sizeOf(rows[0].shape)}`) +
    '\n' +
    table(['mixer', 'time', '95%', 'cold', 'set-up', 'n', 'vs lazy'], times) +
    '\n' +
    table(['per token', 'ns/channel', 'us p50', 'us p99.9', 'ms max', 'MiB'], tokens) +
    `\nThe sums are within ${worst.toExponential(1)} of their definition in float64.\n` +
    (rows.some(({ estimated }) => estimated) ? ESTIMATED(rows) : '')
  );
}

const ESTIMATED = (rows: readonly MixingRow[]): string => {
  const { measuredPositions, shape } = rows.find(({ estimated }) => estimated)!;
  return `~ estimated: measured at ${measuredPositions} of ${shape.length} positions; --full measures all\n`;
};

function baselines({ mixing, bandwidth }: BenchReport): string {
  return mixing
    .filter(({ bytesPerSecond, threads }) => bytesPerSecond !== null && threads === 1)
    .map(({ variant, bytesPerSecond, shape }) => {
      const share = percent(bytesPerSecond! / bandwidth.before.median);
      const verb = variant === 'lazy' ? 'reads' : 'reads and writes';
      const where = mixing.some((row) => row.shape.length !== shape.length) ? ` (${sizeOf(shape)})` : '';
      return `${variant} ${verb} ${giga(bytesPerSecond!)} GB/s, ${share} of what one thread reads${where}\n`;
    })
    .join('');
}

function lengths({ lengths, mixing, crossover }: BenchReport, heading: (title: string) => string): string {
  if (lengths.length === 0) return '';
  const { shape } = lengths[0];
  const same = mixing.filter(
    ({ shape: s, threads, variant }) =>
      s.convolutions === shape.convolutions &&
      s.width === shape.width &&
      s.lanes === shape.lanes &&
      threads === 1 &&
      variant !== 'eager',
  );
  const all = [...same, ...lengths];
  const variants = VARIANTS.filter((wanted) => all.some(({ variant }) => variant === wanted));
  const rows = [...new Set(all.map(({ shape }) => shape.length))]
    .sort((a, b) => a - b)
    .map((length) => {
      const at = (wanted: string): (typeof all)[number] | undefined =>
        all.find(({ variant, shape }) => variant === wanted && shape.length === length);
      const lazy = at('lazy')?.warmMs.median;
      return [
        count(length),
        ...variants.map((variant) => {
          const ms = at(variant)?.warmMs.median;
          if (ms === undefined) return '';
          if (variant === 'lazy' || lazy === undefined)
            return `${at(variant)!.estimated ? '~' : ''}${time(ms)}`;
          return ratio(lazy / ms);
        }),
      ];
    });
  const crossings = Object.entries(crossover.mixing).map(([variant, crossing]) =>
    crossing === null ? `${variant} nowhere` : `${variant} from ${crossing.from} (${within(crossing)})`,
  );
  const of = [...new Set(lengths.map(({ of }) => of))];
  return (
    heading(`Mixing by length: lazy's time, and how much faster the others are`) +
    '\n' +
    table(['length', ...variants], rows) +
    `Read from the first positions of runs of ${of.join(' and ')}\n` +
    (variants.includes('lazy') && crossings.length > 0
      ? `\nFaster than lazy (95 %):\n${crossings.join(', ')}\n`
      : '')
  );
}

function validation({ validation }: BenchReport): string {
  if (validation === null) return '';
  return validation.rows
    .map(({ variant, estimatedMs, fullMs, cpuShare }) => {
      const off = estimatedMs.median / fullMs.median - 1;
      const sign = off < 0 ? '' : '+';
      const busy = cpuShare < ALONE ? `, which had ${percent(cpuShare)} of a core` : '';
      return `At ${validation.length} positions, ${variant} estimated: ${time(estimatedMs.median)}, in full: ${time(fullMs.median)} (${sign}${(off * 100).toFixed(1)} %)${busy}\n`;
    })
    .join('');
}

function endToEnd(
  e: EndToEndReport,
  { filter, crossover }: BenchReport,
  heading: (title: string) => string,
): string {
  const tiling = generatedBy(filter);
  const lazy = e.rows.find(({ variant }) => variant === 'lazy');
  const label = ({ variant, lanes }: EndToEndReport['rows'][number]): string =>
    lanes > 1 ? `${variant}, ${lanes} texts` : variant;
  const totals = e.rows.map((row) => [
    label(row),
    `${row.estimated ? '~' : ''}${time(row.totalMs.median)}`,
    row.measuredTokens === 0 ? '' : interval(row.totalMs),
    row.tokensPerSecond.toFixed(row.tokensPerSecond < 100 ? 1 : 0),
    time(row.mixingMs),
    `${row.measuredTokens}`,
    lazy === undefined ? '' : ratio((lazy.totalMs.median / row.totalMs.median) * row.lanes),
  ]);
  const tokens = e.rows.flatMap((row) => (row.tokenMs ? [spread(label(row), row.tokenMs)] : []));
  const first = e.rows.find(({ firstTokenMs }) => firstTokenMs !== null)?.firstTokenMs ?? NaN;
  const short = e.short.map(({ length, lazyMs, flatMs, lazyRestMs, flatRestMs, ...row }) => [
    `${length}`,
    time(lazyMs.median),
    time(lazyRestMs.median),
    time(flatMs.median),
    time(flatRestMs.median),
    ratio(row.ratio.median),
    interval(row.ratio),
    `${(100 * row.saved).toFixed(1)} %`,
  ]);
  return (
    heading(
      `End to end: ${e.length} tokens of ${e.model}, ${e.threads} thread${e.threads === 1 ? '' : 's'}`,
    ) +
    `\n${table(['text', 'time', '95%', 'tokens/s', 'mixing', 'measured', 'vs lazy'], totals)}` +
    '~ estimated: from the tokens measured; with none, a text’s time without mixing,\nand mixing alone\n' +
    `\n${table(['ms per token', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'], [...tokens, spread('the model alone', e.modelAlone.tokenMs)])}` +
    `\nFirst token after ${time(first)}; a prompt of ${e.prompt.tokens} tokens takes ${time(e.prompt.ms)}\n` +
    `Peak memory ${gib(e.peakBytes)}; the first ${e.agreedTokens} greedy tokens are the same for every mixer\n` +
    `\n${table(['tokens', 'lazy', 'rest', tiling, 'rest', 'ratio', '95%', 'saved'], short)}` +
    'rest: without the model’s steps; saved: by how much ' +
    tiling +
    '’s is less, of its time.\nOne thread mixes here, so that the rest has all of it; the prompt is left out.\n' +
    (crossover.rest === null
      ? `\nWithout the steps, ${tiling} is not faster than lazy up to ${e.short.at(-1)!.length} tokens\n`
      : `\nWithout the steps, ${tiling} is faster from ${crossover.rest.from} tokens on (${within(crossover.rest)}), in texts of ${e.short.at(-1)!.length}\n`) +
    (crossover.texts === null
      ? ''
      : `It saves more than ${percent(NOTICED)} of the text’s time from ${crossover.texts.from} tokens on` +
        `${crossover.texts.derived ? ' (lazy mixing measured apart)' : ''}\n`)
  );
}

const spread = (label: string, { p50, p90, p99, p999, p9999, max }: Quantiles): string[] => [
  label,
  ...[p50, p90, p99, p999, p9999, max].map((ms) => ms.toFixed(3)),
];

function remarks({ leftOut, warnings, peakBytes }: BenchReport): string {
  return [
    `peak memory of the process ${gib(peakBytes)}\n`,
    ...leftOut.map(({ what, reason }) => `left out: ${what}: ${reason}\n`),
    ...warnings.map((warning) => `warning: ${warning}\n`),
  ].join('');
}

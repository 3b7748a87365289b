/** What `bench` found out, as data and for people. */
import type { EndToEnd, MixingResult, Provenance, Quantiles } from '../../bench/index.js';
import { table } from './table.js';

export interface BenchReport {
  readonly provenance: Provenance;
  /** The mixers alone, at the shape asked for. */
  readonly mixing: MixingResult;
  /** Of the whole process. */
  readonly peakBytes: number;
  readonly inModel: InModel | null;
}

export interface InModel {
  readonly model: string;
  readonly length: number;
  readonly threads: number;
  readonly rows: readonly EndToEndRow[];
  /** ms per token without a mixer: the model and the machine. */
  readonly modelAlone: Quantiles;
  /** Greedy tokens that came out the same for every mixer. */
  readonly agreedTokens: number;
  /** Of the process after the tiled text, before any other was allocated. */
  readonly peakBytes: number;
}

export interface EndToEndRow extends Pick<EndToEnd, 'totalMs' | 'tokensPerSecond'> {
  /** A mixer, or `binary`, the paper's tiling; and how many texts, if several. */
  readonly label: string;
  /** Texts side by side, if several: times are of all of them together. */
  readonly lanes?: number;
  readonly mixingMs?: number;
  readonly estimated: boolean;
  /** Only of texts that were generated. */
  readonly measured?: EndToEnd;
}

export function renderBench({ provenance: p, mixing, inModel, peakBytes }: BenchReport): string {
  const machine = `${p.cores} x ${p.cpu}, ${gib(p.memoryBytes)}`;
  return (
    `flashinf ${p.version}, node ${p.node}, ${machine}, ${p.date}\n` +
    mixingTable(mixing) +
    `\npeak memory ${gib(peakBytes)}\n` +
    (inModel === null ? '' : modelTables(inModel))
  );
}

function mixingTable({ convolutions, width, length, timings, agreement }: MixingResult): string {
  const lazy = timings.find(({ label }) => label === 'lazy');
  const rows = timings.map(({ label, totalMs, estimated, nsPerTokenChannel, tokens, bytes, ...rest }) => [
    label,
    `${estimated ? '~' : ''}${seconds(totalMs)}`,
    nsPerTokenChannel.toFixed(1),
    tokens.p50.toFixed(2),
    (tokens.max / 1000).toFixed(2),
    (bytes / 2 ** 20).toFixed(0),
    ratio(lazy?.totalMs, totalMs / rest.lanes),
  ]);
  const compared =
    agreement.positions > 0 ? `Largest difference of the sums: ${agreement.worst.toExponential(1)}\n` : '';
  return (
    `Mixing: ${convolutions} x ${width} channels, ${length} positions, one thread\n${compared}\n` +
    table(['mixer', 'time', 'ns/token/ch', 'us p50', 'ms max', 'MiB', 'vs lazy'], rows) +
    (timings.some(({ estimated }) => estimated) ? ESTIMATED : '')
  );
}

function modelTables({ model, length, threads, rows, modelAlone, agreedTokens, peakBytes }: InModel): string {
  const lazy = rows.find(({ label }) => label === 'lazy');
  const totals = rows.map(({ label, lanes = 1, totalMs, mixingMs, tokensPerSecond, estimated }) => [
    label,
    `${estimated ? '~' : ''}${seconds(totalMs)}`,
    tokensPerSecond.toFixed(1),
    mixingMs === undefined ? '' : seconds(mixingMs),
    ratio(lazy?.totalMs, totalMs / lanes),
  ]);
  const times = rows.flatMap(({ label, measured }) => (measured ? [spread(label, measured.tokenMs)] : []));
  const first = rows.find(({ label }) => label === 'tiled')?.measured?.firstTokenMs ?? NaN;
  return (
    `\nEnd to end: ${length} tokens of ${model}, ${threads} thread(s)\n` +
    `The first ${agreedTokens} greedy tokens are the same for every mixer\n\n` +
    table(['mixer', 'time', 'tokens/s', 'mixing', 'vs lazy'], totals) +
    '\n' +
    table(
      ['ms per token', 'p50', 'p90', 'p99', 'p99.9', 'p99.99', 'max'],
      [...times, spread('the model alone', modelAlone)],
    ) +
    `\ntiled: first token after ${first.toFixed(0)} ms, peak memory ${gib(peakBytes)}\n`
  );
}

const ESTIMATED = '\n~ estimated: measured at some positions, --full measures all\n';

const spread = (label: string, { p50, p90, p99, p999, p9999, max }: Quantiles): string[] => [
  label,
  ...[p50, p90, p99, p999, p9999, max].map((ms) => ms.toFixed(3)),
];

const ratio = (lazyMs: number | undefined, ms: number): string =>
  lazyMs === undefined ? '' : `${(lazyMs / ms).toFixed(1)}x`;

const seconds = (ms: number): string => (ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

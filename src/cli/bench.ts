import { compareTexts, measureGeneration, type EndToEnd } from '../bench/end-to-end.js';
import { measureMixing, type MixingResult } from '../bench/mixing.js';
import { provenance, type Provenance } from '../bench/provenance.js';
import { checkMemory, mixerShape, roomAfter } from '../generation/generation.js';
import { UsageError } from './errors.js';
import type { Io } from './io.js';
import { load } from '../generation/load.js';
import { MIXERS, type BENCH } from './options/index.js';
import type { Call } from './program.js';
import { table } from './table.js';
import { VERSION } from './version.js';

type BenchOptions = Call<typeof BENCH>['options'];

/** Everything one run measured. */
interface BenchReport {
  readonly provenance: Provenance;
  readonly model: string | null;
  /** The mixers alone, at the shape asked for, on one thread. */
  readonly mixing: MixingResult;
  /** The mixers alone, at the model's shape, on all threads: what the estimates below are made from. */
  readonly modelMixing: MixingResult | null;
  readonly endToEnd: readonly EndToEndRow[];
  /** Greedy tokens that came out the same for every mixer. */
  readonly agreedTokens: number;
  /** Of the process after the tiled text, before any baseline was allocated. */
  readonly peakBytes: number;
}

interface EndToEndRow extends Pick<EndToEnd, 'mixer' | 'totalMs' | 'mixingMs' | 'tokensPerSecond'> {
  readonly estimated: boolean;
  /** Only of texts that were generated. */
  readonly measured?: EndToEnd;
}

export async function bench({ options, io }: Call<typeof BENCH>): Promise<void> {
  const generated = options.endToEnd ? await inModel(options, io) : NO_MODEL;
  const mixing = await alone(
    { layers: options.layers, width: options.width, length: options.len },
    1,
    options,
    io.progress('mixing'),
  );
  const report: BenchReport = { provenance: provenance(VERSION), ...generated, mixing };
  await io.stdout.write(options.json ? JSON.stringify(report, null, 2) + '\n' : render(report, options));
}

type InModel = Omit<BenchReport, 'provenance' | 'mixing'>;
const NO_MODEL: InModel = { model: null, modelMixing: null, endToEnd: [], agreedTokens: 0, peakBytes: 0 };

/** Texts end to end. The tiled one is always generated whole; the others only with `--full`. */
async function inModel(options: BenchOptions, io: Io): Promise<InModel> {
  const { model, tokenizer } = await load(options.model, options);
  try {
    const room = roomAfter(1, model);
    if (options.len > room) {
      throw new UsageError(`--len ${options.len} exceeds the model's context: it can be at most ${room}`);
    }
    const common = { threads: options.threads, start: tokenizer.endOfText ?? 0 };
    const agreedTokens = Math.min(options.len, 256);
    await compareTexts(model, MIXERS, { length: agreedTokens, ...common });
    const generate = (mixer: EndToEnd['mixer']): Promise<EndToEnd> =>
      measureGeneration(model, {
        mixer,
        length: options.len,
        seed: options.seed,
        signal: io.signal,
        onProgress: toProgress(io.progress(`${mixer} text`)),
        ...common,
      });
    const tiled = await generate('tiled');
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const others = options.full ? [await generate('lazy'), await generate('eager')] : [];
    const shape = mixerShape(model, options.len);
    const modelMixing = await alone(shape, options.threads, options, io.progress("the model's mixing"));

    const whole = [...others, tiled].map((measured) => ({ ...measured, estimated: false, measured }));
    const guessed = options.full ? [] : estimates(tiled, modelMixing);
    return {
      model: model.config.name,
      modelMixing,
      endToEnd: [...guessed, ...whole],
      agreedTokens,
      peakBytes,
    };
  } finally {
    await model.close();
  }
}

/** A baseline's text takes what the tiled one takes besides mixing, and its own mixing. */
function estimates(tiled: EndToEnd, mixing: MixingResult): EndToEndRow[] {
  return mixing.timings
    .filter(({ name }) => name !== 'tiled')
    .map(({ name, totalMs: mixingMs }) => {
      const totalMs = tiled.totalMs - tiled.mixingMs + mixingMs;
      const tokensPerSecond = ((tiled.length - 1) / totalMs) * 1000;
      return { mixer: name, totalMs, mixingMs, tokensPerSecond, estimated: true };
    });
}

function alone(
  shape: { layers: number; width: number; length: number },
  threads: number,
  options: BenchOptions,
  progress: ReturnType<Io['progress']>,
): Promise<MixingResult> {
  for (const mixer of MIXERS) checkMemory(shape, mixer, threads);
  return measureMixing({
    ...shape,
    threads,
    mixers: MIXERS,
    samples: options.samples,
    full: options.full === true,
    seed: options.seed,
    onProgress: toProgress(progress),
  });
}

const toProgress =
  (progress: ReturnType<Io['progress']>) =>
  (done: number): void =>
    progress(done, 1);

function render(report: BenchReport, options: BenchOptions): string {
  const { provenance: p, mixing, modelMixing, endToEnd, peakBytes } = report;
  const parts = [
    `flashinf ${p.version}, node ${p.node}, ${p.cores} x ${p.cpu}, ${gib(p.memoryBytes)}, ${p.date}\n`,
    mixingTable(mixing),
  ];
  if (modelMixing) {
    const lazy = endToEnd.find(({ mixer }) => mixer === 'lazy');
    const rows = endToEnd.map((row) => [
      row.mixer,
      `${seconds(row.totalMs)}${row.estimated ? ' (estimated)' : ''}`,
      row.tokensPerSecond.toFixed(1),
      seconds(row.mixingMs),
      ratio(lazy, row, 'totalMs'),
    ]);
    const tiled = endToEnd.find(({ mixer }) => mixer === 'tiled')?.measured;
    parts.push(
      `\nEnd to end: ${options.len} tokens of ${report.model}, ${options.threads} thread(s); ` +
        `the first ${report.agreedTokens} greedy tokens are the same for every mixer\n\n`,
      table(['mixer', 'time', 'tokens/s', 'of which mixing', 'against lazy'], rows),
    );
    if (tiled) {
      const { p50, p90, p99, p999, max } = tiled.tokenMs;
      parts.push(
        `\ntiled, ms per token: ${[p50, p90, p99, p999, max].map((ms) => ms.toFixed(3)).join(' / ')} (p50 / p90 / p99 / p99.9 / max)\n` +
          `tiled, first token after ${tiled.firstTokenMs.toFixed(0)} ms, peak memory ${gib(peakBytes)}\n`,
      );
    }
    parts.push(`\nIts mixing alone. ${mixingTable(modelMixing)}`);
  }
  return parts.join('');
}

function mixingTable({ layers, width, length, threads, timings, agreement }: MixingResult): string {
  const lazy = timings.find(({ name }) => name === 'lazy');
  const rows = timings.map((timing) => [
    timing.name,
    `${seconds(timing.totalMs)}${timing.estimated ? ' (estimated)' : ''}`,
    timing.nsPerTokenChannel.toFixed(1),
    (timing.tokens.p50 / 1000).toFixed(3),
    (timing.tokens.max / 1000).toFixed(3),
    ratio(lazy, timing, 'totalMs'),
  ]);
  return (
    `Mixing: ${layers} x ${width} channels, ${length} positions, ${threads} thread(s); ` +
    `largest difference of the sums ${agreement.worst.toExponential(1)}\n\n` +
    table(['mixer', 'time', 'ns/token/channel', 'ms p50', 'ms max', 'against lazy'], rows)
  );
}

function ratio<K extends string>(
  lazy: Record<K, number> | undefined,
  row: Record<K, number>,
  key: K,
): string {
  return lazy ? `${(lazy[key] / row[key]).toFixed(1)}x` : '';
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

import {
  compareTexts,
  type Contender,
  type EndToEnd,
  type EndToEndOptions,
  measureGeneration,
  measureMixing,
  measureStep,
  measureModelAlone,
  measureTogether,
  type MixingResult,
  provenance,
} from '../../bench/index.js';
import { checkMemory, mixerShape, roomAfter } from '../../generation/index.js';
import {
  binaryPlan,
  fit,
  flatPlans,
  foldedPlans,
  machineCosts,
  MIXERS,
  plansFor,
  type CostTable,
  type MixerName,
  type MixerShape,
  type Plan,
} from '../../mixer/index.js';
import type { LanguageModel } from '../../model/index.js';
import { renderBench, type BenchReport, type EndToEndRow, type InModel } from '../report/bench.js';
import { renderStep, type StepReport } from '../report/step.js';
import { UsageError } from '../errors.js';
import type { Io } from '../io.js';
import { loadModel } from '../model.js';
import { VERSION } from '../version.js';
import { command, type Call } from '../command.js';
import { COMPUTE, EVERYWHERE, JSON_OPTION, MEMORY, MODEL, SEED, type CommandSpec } from '../options/index.js';

/** Tiled mixers by their plans. */
const TILINGS = ['binary', 'tiled', 'flat'] as const;

type Kind = MixerName | (typeof TILINGS)[number];

/** Every mixer, the tiled one by each of its plans. */
const KINDS: readonly Kind[] = [...MIXERS.filter((name) => name !== 'tiled'), ...TILINGS];

const BENCH = {
  name: 'bench',
  summary: 'lazy, eager and tiled mixing side by side, alone and in the model',
  options: {
    len: { type: 'integer', value: 'n', help: 'positions', from: 2, default: 16384 },
    width: {
      type: 'integer',
      value: 'n',
      help: 'channels, for mixing alone',
      from: 1,
      to: 65536,
      default: 256,
    },
    layers: { type: 'integer', value: 'n', help: 'layers, for mixing alone', from: 1, to: 1024, default: 1 },
    samples: { type: 'integer', value: 'n', help: 'where lazy and eager are measured', from: 1, default: 32 },
    seed: { ...SEED, help: 'of inputs and text', default: 1 },
    mixers: {
      type: 'choices',
      value: 'list',
      help: 'for mixing alone',
      choices: KINDS,
      default: ['lazy', 'eager', 'binary', 'tiled'],
      defaultText: 'lazy,eager,binary,tiled',
    },
    lanes: {
      type: 'integer',
      value: 'n',
      help: 'measure n sequences side by side as well, the last mixer’s and the model’s',
      from: 1,
      to: 1024,
      default: 1,
    },
    endToEnd: { type: 'flag', negated: true, help: 'mixing alone' },
    step: {
      type: 'flag',
      help: 'only this: what a token costs, and how far the model’s step is from reading its weights',
    },
    full: { type: 'flag', help: 'measure lazy and eager at every position, not sampled: slow' },
    ...JSON_OPTION,
    ...MODEL,
    ...COMPUTE,
    ...MEMORY,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf bench', 'a minute'],
    ['flashinf bench --len 131072 --json > bench.json', 'at the shipped model’s full context'],
    ['flashinf bench --step -t 1', 'what a token takes, and where it goes'],
    ['flashinf bench --no-end-to-end --width 768 --layers 12', 'the mixers alone, at another model’s size'],
    ['flashinf bench --no-end-to-end --mixers flat --lanes 8', 'eight sequences side by side'],
  ],
} as const satisfies CommandSpec;

type BenchOptions = Call<typeof BENCH>['options'];

export const bench = command(BENCH, async ({ options, io }) => {
  if (options.step) {
    const step = await tokenCost(options, io);
    await io.stdout.write(options.json ? JSON.stringify(step, null, 2) + '\n' : renderStep(step));
    return;
  }
  const model = options.endToEnd ? await inModel(options, io) : null;
  const mixing = await alone(
    { convolutions: options.layers, width: options.width, length: options.len },
    contenders(options),
    options,
    io.progress('mixing'),
  );
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const report: BenchReport = { provenance: provenance(VERSION), mixing, peakBytes, inModel: model };
  await io.stdout.write(options.json ? JSON.stringify(report, null, 2) + '\n' : renderBench(report));
});

async function tokenCost(options: BenchOptions, io: Io): Promise<StepReport> {
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const { len: length, threads, seed, memory } = options;
    checkLength(length, model);
    const cost = await measureStep(model, {
      length,
      threads,
      seed,
      start: tokenizer.endOfText ?? 0,
      signal: io.signal,
      onProgress: toProgress(io.progress('text')),
      ...(memory !== undefined && { memory }),
    });
    return { provenance: provenance(VERSION), model: model.config.name, ...cost };
  } finally {
    await model.close();
  }
}

function checkLength(length: number, model: LanguageModel): void {
  const room = roomAfter(1, model);
  if (length <= room) return;
  throw new UsageError(`--len ${length} exceeds the model's context: it can be at most ${room}`);
}

/**
 * The paper's tiling; the fastest plan, or what fits the memory; flat latency. By what tiles cost on this machine, if it
 * has been measured.
 */
const PLANS: Record<(typeof TILINGS)[number], (length: number, costs: CostTable) => Plan | readonly Plan[]> =
  {
    binary: binaryPlan,
    // There is no prompt to leave room for.
    tiled: (length, costs) => [...plansFor(length, costs), ...foldedPlans(length, costs)],
    flat: flatPlans,
  };

const isTiling = (kind: Kind): kind is (typeof TILINGS)[number] => kind in PLANS;

/** All on one thread, and the last of them once more on all threads and with all lanes. */
function contenders({ mixers, threads, lanes, memory, len }: BenchOptions): Contender[] {
  const costs = machineCosts();
  const make = (kind: Kind, label: string = kind): Contender => {
    return {
      label,
      ...(isTiling(kind) ? { mixer: 'tiled', plan: PLANS[kind](len, costs) } : { mixer: kind }),
      ...(memory !== undefined && { memory }),
    };
  };
  const last = mixers[mixers.length - 1];
  return [
    ...mixers.map((kind) => make(kind)),
    ...(threads > 1 ? [{ ...make(last, `${last}, ${threads} threads`), threads }] : []),
    ...(lanes > 1 ? [{ ...make(last, `${last}, ${lanes} sequences`), lanes }] : []),
  ];
}

/** Texts end to end. Those of the tiled mixer are always generated whole; the baselines' only with `--full`. */
async function inModel(options: BenchOptions, io: Io): Promise<InModel> {
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const { len: length, threads, seed, memory, lanes } = options;
    checkLength(length, model);
    const start = tokenizer.endOfText ?? 0;
    const compared = { length: Math.min(length, 256), threads, start, signal: io.signal };
    const agreedTokens = await compareTexts(model, MIXERS, compared);
    const common = (what: string): Omit<EndToEndOptions, 'mixer'> => ({
      length,
      threads,
      seed,
      start,
      signal: io.signal,
      onProgress: toProgress(io.progress(what)),
    });
    const generate = (
      label: string,
      more: Pick<EndToEndOptions, 'mixer' | 'plan' | 'memory'>,
    ): Promise<EndToEnd> => measureGeneration(model, { ...common(`${label} text`), ...more });

    const flat = await generate('tiled', { mixer: 'tiled', ...(memory !== undefined && { memory }) });
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const shape = mixerShape(model, length);
    const binary = await generate('binary', { mixer: 'tiled', plan: binaryPlan(shape.length) });
    const modelAlone = await measureModelAlone(model, common('model alone'));
    const rows: EndToEndRow[] = [measured('binary', binary), measured('tiled', flat)];
    if (options.full) {
      for (const mixer of ['eager', 'lazy'] as const)
        rows.unshift(measured(mixer, await generate(mixer, { mixer })));
    } else rows.unshift(...(await estimates(model, shape, flat, options, io)));
    if (lanes > 1) {
      const times = await together(options, io, common(`${lanes} texts`));
      const tokensPerSecond = (lanes * length * 1000) / times.totalMs;
      rows.push({ label: `tiled, ${lanes} texts`, lanes, ...times, tokensPerSecond, estimated: false });
    }
    return { model: model.config.name, length, threads, rows, modelAlone, agreedTokens, peakBytes };
  } finally {
    await model.close();
  }
}

/** As many texts as there are lanes, with the model loaded for so many. */
async function together(
  options: BenchOptions,
  io: Io,
  common: Omit<EndToEndOptions, 'mixer'>,
): ReturnType<typeof measureTogether> {
  const { lanes, memory } = options;
  const loaded = await loadModel(options, io, lanes);
  try {
    return await measureTogether(loaded, { ...common, lanes, ...(memory !== undefined && { memory }) });
  } finally {
    await loaded.model.close();
  }
}

const measured = (label: string, text: EndToEnd): EndToEndRow => ({
  label,
  ...text,
  estimated: false,
  measured: text,
});

/** A baseline's text takes what the tiled one takes besides mixing, and its own mixing. */
async function estimates(
  model: LanguageModel,
  shape: MixerShape,
  tiled: EndToEnd,
  options: BenchOptions,
  io: Io,
): Promise<EndToEndRow[]> {
  const { threads } = options;
  const baselines: Contender[] = (['lazy', 'eager'] as const).map((mixer) => ({
    label: mixer,
    mixer,
    threads,
  }));
  const { timings } = await alone(shape, baselines, options, io.progress(`mixing for ${model.config.name}`));
  return timings.map(({ label, totalMs: mixingMs }) => {
    const totalMs = tiled.totalMs - tiled.mixingMs + mixingMs;
    return {
      label,
      totalMs,
      mixingMs,
      tokensPerSecond: (tiled.length / totalMs) * 1000,
      estimated: true,
    };
  });
}

function alone(
  shape: MixerShape,
  contenders: readonly Contender[],
  options: BenchOptions,
  progress: ReturnType<Io['progress']>,
): Promise<MixingResult> {
  for (const { mixer, plan, threads = 1, lanes = 1, memory = Infinity } of contenders) {
    checkMemory(fit({ name: mixer, shape: { ...shape, lanes }, threads, memory, ...(plan && { plan }) }));
  }
  return measureMixing({
    ...shape,
    contenders,
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

/** Whole texts: what mixing is worth in a model. */
import { type Loaded, mixerShape } from '../generation/index.js';
import { binaryPlan, type CostTable, MIXERS } from '../mixer/index.js';
import {
  compareTexts,
  type EndToEnd,
  type EndToEndOptions,
  measureGeneration,
  measureModelAlone,
  measurePrompt,
  measureTogether,
} from './end-to-end.js';
import type { Crossing } from './crossover.js';
import { estimate } from './estimate.js';
import { affordableSamples, type MixingCase } from './case.js';
import { measureMixing, type MixingRow } from './mixing.js';
import type { EndToEndReport, EndToEndRow, LeftOut, TextCrossing } from './report.js';
import { restCrossing, shortTexts, textCrossing, writePairs } from './short-texts.js';
import { type Baseline, generatedBy, type Variant } from './variants.js';

export interface TextsOptions {
  readonly length: number;
  readonly threads: number;
  readonly seed: number;
  readonly samples: number;
  /** Bytes per second that one thread reads. */
  readonly bandwidth: number;
  /** Generates the baselines' texts whole as well. */
  readonly full: boolean;
  readonly lanes: readonly number[];
  readonly memory: number | undefined;
  readonly costs: CostTable;
  readonly budgetMs: number;
  readonly signal: AbortSignal | undefined;
  readonly breathe: () => void;
  /** The model, loaded for so many texts side by side. */
  readonly loadFor: (lanes: number) => Promise<Loaded>;
  /** Receives what there is no time for. */
  readonly leftOut: LeftOut[];
}

/** What was measured, and from how many tokens on flat takes less time than lazy. */
export interface TextsFound {
  readonly report: EndToEndReport;
  readonly rest: Crossing | null;
  readonly noticed: TextCrossing | null;
}

/** Greedy tokens that all mixers must agree on. */
const AGREED = 256;
const MOST_RUNS = 5;
const PROMPT = 2048;
/** What there is always time for, if little is to be measured: ms. */
const LEAST = 3000;
/** Parts of the time. */
const SHARES = { agreement: 0.06, flat: 0.32, modelAlone: 0.04, prompt: 0.04, short: 0.28, baselines: 0.1 };

export async function measureTexts({ model, tokenizer }: Loaded, options: TextsOptions): Promise<TextsFound> {
  const { length, threads, seed, full, costs, memory, budgetMs, signal, breathe, leftOut } = options;
  const start = tokenizer.endOfText ?? 0;
  const { filter } = model;
  const generating = generatedBy(filter);
  const began = performance.now();
  const left = (): number => budgetMs - (performance.now() - began);
  const common = { length, threads, seed, start, signal, onProgress: breathe };
  const agreed = { ...common, length: Math.min(length, AGREED), budgetMs: SHARES.agreement * budgetMs };
  const agreedTokens = await compareTexts(model, filter === undefined ? MIXERS : ['lazy', 'tiled'], agreed);

  // Of filters that depend on the data, a mixer counts taps as well.
  const convolutions = model.convolutions / (filter === undefined ? 1 : 2);
  const { width, length: positions } = mixerShape(model, length);
  const shape = { convolutions, width, length: positions, lanes: 1 };
  const how = {
    flat: { mixer: 'tiled', memory },
    binary: { mixer: 'tiled', plan: binaryPlan(positions, costs) },
  } as const;
  const write = (variant: keyof typeof how, budgetMs?: number): Promise<EndToEnd> =>
    measureGeneration(model, { ...common, ...how[variant], budgetMs });
  const texts = {
    flat: [await write('flat', full ? undefined : SHARES.flat * budgetMs)],
    binary: [] as EndToEnd[],
  };
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const once = wholeText(texts.flat[0]);

  const modelAlone = await measureModelAlone(model, { ...common, budgetMs: SHARES.modelAlone * budgetMs });
  // A prompt's token takes less than one that is generated.
  const affordable = Math.floor((SHARES.prompt * budgetMs) / modelAlone.tokenMs.p50);
  const prompt = Math.max(1, Math.min(PROMPT, affordable, length - 1, model.config.model.context - 1));
  const promptMs = await measurePrompt(model, { ...common, length: prompt, memory });
  const pairs = await writePairs(model, common, modelAlone.tokenMs.p50, SHARES.short * budgetMs);

  const others = filter === undefined ? (['lazy', 'eager', 'binary'] as const) : (['lazy'] as const);
  const cases = others.map((variant): MixingCase => ({ variant, shape, threads }));
  const mixingMs = Math.min(SHARES.baselines * budgetMs, left());
  const samples = affordableSamples(cases, options, mixingMs / 4);
  const { bandwidth } = options;
  const baselines = await measureMixing(cases, {
    costs,
    filter,
    samples,
    bandwidth,
    budgetMs: mixingMs,
    firstMs: Math.max(left(), LEAST),
    rounds: 3,
    compiled: true,
    breathe,
  });
  if (generating === 'flat' && (full || 1.15 * once < left())) {
    texts.binary.push(await write('binary'));
    // As many more of both as there is time for.
    while (texts.flat.length < MOST_RUNS && 2.3 * once < left()) {
      texts.flat.push(await write('flat'));
      texts.binary.push(await write('binary'));
    }
  }
  const flat = measured(generating, texts.flat);
  const rows: EndToEndRow[] = [
    ...(full ? await whole(model, common, filter === undefined ? ['lazy', 'eager'] : ['lazy']) : []),
    ...baselines
      .filter(({ variant }) => (variant === 'binary' ? texts.binary.length === 0 : !full))
      .map((row) => estimated(flat, row, length)),
    ...(texts.binary.length > 0 ? [measured('binary', texts.binary)] : []),
    flat,
  ];
  for (const lanes of options.lanes.filter((lanes) => lanes > 1)) {
    // Side by side they take less than one after the other.
    if (full || lanes * once < Math.max(left(), LEAST))
      rows.push({ ...(await sideBySide(lanes, options, start)), variant: generating });
    else leftOut.push({ what: `${lanes} texts side by side`, reason: 'there was no time for them' });
  }
  const report: EndToEndReport = {
    model: model.config.name,
    device: model.device,
    convolutions,
    width,
    length,
    threads,
    agreedTokens,
    rows,
    modelAlone,
    prompt: { tokens: prompt, ms: promptMs },
    short: shortTexts(pairs),
    peakBytes,
  };
  const lazy = baselines.find(({ variant }) => variant === 'lazy');
  return {
    report,
    rest: restCrossing(pairs),
    noticed: textCrossing(pairs, lazy?.curve, texts.flat[0].upTo),
  };
}

async function whole(
  model: Loaded['model'],
  common: Omit<EndToEndOptions, 'mixer'>,
  baselines: readonly Baseline[],
): Promise<EndToEndRow[]> {
  const rows: EndToEndRow[] = [];
  for (const mixer of baselines) {
    rows.push(measured(mixer, [await measureGeneration(model, { ...common, mixer })]));
  }
  return rows;
}

/** A whole text's time; where time was up, the tokens not generated take what those after the first took on average. */
const wholeText = ({ totalMs, firstTokenMs, tokens, length }: EndToEnd): number =>
  firstTokenMs + ((totalMs - firstTokenMs) * (length - 1)) / Math.max(1, tokens - 1);

function measured(variant: Variant, texts: readonly EndToEnd[]): EndToEndRow {
  const totalMs = estimate(texts.map(wholeText));
  const middle = texts.reduce((a, b) =>
    Math.abs(wholeText(b) - totalMs.median) < Math.abs(wholeText(a) - totalMs.median) ? b : a,
  );
  return {
    variant,
    lanes: 1,
    totalMs,
    mixingMs: (middle.mixingMs * middle.length) / middle.tokens,
    tokensPerSecond: (middle.length / totalMs.median) * 1000,
    estimated: middle.tokens < middle.length,
    measuredTokens: middle.tokens,
    firstTokenMs: middle.firstTokenMs,
    tokenMs: middle.tokenMs,
    stretches: middle.stretches,
  };
}

/** What the flat text takes besides mixing, and the mixing of another. */
function estimated(flat: EndToEndRow, { variant, warmMs }: MixingRow, length: number): EndToEndRow {
  const rest = flat.totalMs.median - flat.mixingMs;
  const totalMs = estimate(warmMs.samples.map((ms) => rest + ms));
  return {
    variant,
    lanes: 1,
    totalMs,
    mixingMs: warmMs.median,
    tokensPerSecond: (length / totalMs.median) * 1000,
    estimated: true,
    measuredTokens: 0,
    firstTokenMs: null,
    tokenMs: null,
    stretches: [],
  };
}

async function sideBySide(
  lanes: number,
  options: TextsOptions,
  start: number,
): Promise<Omit<EndToEndRow, 'variant'>> {
  const { length, loadFor } = options;
  const loaded = await loadFor(lanes);
  try {
    const { totalMs, mixingMs } = await measureTogether(loaded, { ...options, start, lanes });
    return {
      lanes,
      totalMs: estimate([totalMs]),
      mixingMs,
      tokensPerSecond: (lanes * length * 1000) / totalMs,
      estimated: false,
      measuredTokens: lanes * length,
      firstTokenMs: null,
      tokenMs: null,
      stretches: [],
    };
  } finally {
    await loaded.model.close();
  }
}

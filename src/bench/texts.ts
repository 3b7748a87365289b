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
import { estimate } from './estimate.js';
import { measureMixing, type MixingRow } from './mixing.js';
import type { EndToEndReport, EndToEndRow, ShortText } from './report.js';
import type { Variant } from './variants.js';

export interface TextsOptions {
  readonly length: number;
  readonly threads: number;
  readonly seed: number;
  readonly samples: number;
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
}

/** Greedy tokens that all mixers must agree on. */
const AGREED = 256;
/** Texts of so many tokens are generated whole, also lazily. */
const SHORT = [32, 64, 128, 256, 512, 1024, 2048];
const MOST_RUNS = 5;
const PROMPT = 2048;

export async function measureTexts(
  { model, tokenizer }: Loaded,
  options: TextsOptions,
): Promise<EndToEndReport> {
  const { length, threads, seed, full, costs, memory, budgetMs, signal, breathe } = options;
  const start = tokenizer.endOfText ?? 0;
  const began = performance.now();
  const left = (): number => budgetMs - (performance.now() - began);
  const common = { length, threads, seed, start, signal, onProgress: breathe };
  const agreedTokens = await compareTexts(model, MIXERS, { ...common, length: Math.min(length, AGREED) });

  const shape = mixerShape(model, length);
  const how = {
    flat: { mixer: 'tiled', memory },
    binary: { mixer: 'tiled', plan: binaryPlan(shape.length, costs) },
  } as const;
  const write = (variant: keyof typeof how, budgetMs?: number): Promise<EndToEnd> =>
    measureGeneration(model, { ...common, ...how[variant], budgetMs });
  const texts = { flat: [await write('flat', full ? undefined : 0.45 * budgetMs)], binary: [] as EndToEnd[] };
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  const once = wholeText(texts.flat[0]);

  const modelAlone = await measureModelAlone(model, { ...common, budgetMs: 0.05 * budgetMs });
  const prompt = Math.max(1, Math.min(PROMPT, length - 1, model.config.model.context - 1));
  const promptMs = await measurePrompt(model, { ...common, length: prompt, memory });
  const short = await shortTexts(model, common, 0.12 * budgetMs);

  const baselines = await measureMixing(
    (['lazy', 'eager', 'binary'] as const).map((variant) => ({
      variant,
      shape: { ...shape, lanes: 1 },
      threads,
    })),
    { costs, samples: options.samples, budgetMs: 0.1 * budgetMs, rounds: 3, breathe },
  );
  if (full || 1.15 * once < left()) {
    texts.binary.push(await write('binary'));
    // As many more of both as there is time for.
    while (texts.flat.length < MOST_RUNS && 2.3 * once < left()) {
      texts.flat.push(await write('flat'));
      texts.binary.push(await write('binary'));
    }
  }
  const flat = measured('flat', texts.flat);
  const rows: EndToEndRow[] = [
    ...(full ? await whole(model, common) : baselines.slice(0, 2).map((row) => estimated(flat, row, length))),
    texts.binary.length > 0 ? measured('binary', texts.binary) : estimated(flat, baselines[2], length),
    flat,
  ];
  for (const lanes of options.lanes.filter((lanes) => lanes > 1)) {
    rows.push(await sideBySide(lanes, options, start));
  }
  return {
    model: model.config.name,
    device: model.device,
    convolutions: model.convolutions,
    width: model.config.model.width,
    length,
    threads,
    agreedTokens,
    rows,
    modelAlone,
    prompt: { tokens: prompt, ms: promptMs },
    short,
    peakBytes,
  };
}

type Common = Omit<EndToEndOptions, 'mixer'>;

/** Lazy and flat in turn, up to five times each, for as many lengths as there is time for. */
async function shortTexts(model: Loaded['model'], common: Common, budgetMs: number): Promise<ShortText[]> {
  const end = performance.now() + budgetMs;
  const texts: ShortText[] = [];
  for (const length of SHORT.filter((length) => length <= common.length)) {
    const [lazy, flat]: [number[], number[]] = [[], []];
    const until = performance.now() + (end - performance.now()) / 2;
    for (let run = 0; run < MOST_RUNS; run++) {
      lazy.push((await measureGeneration(model, { ...common, length, mixer: 'lazy' })).totalMs);
      flat.push((await measureGeneration(model, { ...common, length, mixer: 'tiled' })).totalMs);
      if (performance.now() > until) break;
    }
    texts.push({ length, lazyMs: estimate(lazy), flatMs: estimate(flat) });
    if (performance.now() + 3 * (lazy.at(-1)! + flat.at(-1)!) > end) break;
  }
  return texts;
}

async function whole(model: Loaded['model'], common: Common): Promise<EndToEndRow[]> {
  const rows: EndToEndRow[] = [];
  for (const mixer of ['lazy', 'eager'] as const) {
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

async function sideBySide(lanes: number, options: TextsOptions, start: number): Promise<EndToEndRow> {
  const { length, loadFor } = options;
  const loaded = await loadFor(lanes);
  try {
    const { totalMs, mixingMs } = await measureTogether(loaded, { ...options, start, lanes });
    return {
      variant: 'flat',
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

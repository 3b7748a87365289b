/**
 * Lazy beside flat in whole texts, from the first token on: texts are written in turn, and read up to any of their tokens.
 *
 * The model's steps are the same for both, and take so much of a short text that their noise hides what mixers differ by. So it is
 * the rest that says where flat becomes faster: set-up, filters, mixing, drawing.
 */
import type { LanguageModel } from '../model/index.js';
import { type Crossing, crossing } from './crossover.js';
import type { Curve } from './curve.js';
import { type EndToEndOptions, measureGeneration, type UpTo } from './end-to-end.js';
import { estimate, median } from './estimate.js';
import type { ShortText, TextCrossing } from './report.js';

/** The same text with both mixers. */
export interface Pair {
  readonly lazy: UpTo;
  readonly flat: UpTo;
}

const LONGEST = 4096;
/** Texts have at least so many tokens, and rows begin with so many. */
const SHORTEST = 16;
const MOST_PAIRS = 9;
/** Pairs there is to be time for. */
const ENOUGH = 4;
/** Of what the model's steps take, what lazy and flat texts of these lengths take on average. */
const SLOWER = 1.25;
/** A share of a text's time that is more than its noise. */
export const NOTICED = 0.05;

/**
 * Pairs of texts, as long as there is time for.
 *
 * @param stepMs what a token takes without a mixer
 */
export async function writePairs(
  model: LanguageModel,
  common: Omit<EndToEndOptions, 'mixer'>,
  stepMs: number,
  budgetMs: number,
): Promise<Pair[]> {
  const began = performance.now();
  let length = LONGEST;
  while (length > SHORTEST && 2 * ENOUGH * length * SLOWER * stepMs > budgetMs) length /= 2;
  length = Math.min(length, common.length);
  const write = async (mixer: 'lazy' | 'tiled'): Promise<UpTo> =>
    (await measureGeneration(model, { ...common, threads: 1, length, mixer })).upTo;
  const pairs: Pair[] = [];
  for (let n = 0; n < MOST_PAIRS; n++) {
    if (n > 0 && ((performance.now() - began) * (n + 1)) / n > budgetMs) break;
    if (n % 2 === 0) {
      const lazy = await write('lazy');
      pairs.push({ lazy, flat: await write('tiled') });
    } else {
      const flat = await write('tiled');
      pairs.push({ lazy: await write('lazy'), flat });
    }
  }
  return pairs;
}

/** By powers of two, and at the end. */
export function shortTexts(pairs: readonly Pair[]): ShortText[] {
  const tokens = pairs[0].flat.all.length;
  const lengths: number[] = [];
  for (let length = SHORTEST; length < tokens; length *= 2) lengths.push(length);
  return [...lengths, tokens].map((length) => {
    const of = (mixer: keyof Pair, what: keyof UpTo): number[] =>
      pairs.map((pair) => pair[mixer][what][length - 1]);
    const [lazy, flat] = [of('lazy', 'all'), of('flat', 'all')];
    return {
      length,
      lazyMs: estimate(lazy),
      flatMs: estimate(flat),
      ratio: estimate(lazy.map((ms, k) => ms / flat[k])),
      lazyRestMs: estimate(of('lazy', 'rest')),
      flatRestMs: estimate(of('flat', 'rest')),
      saved: saved(pairs, length),
    };
  });
}

/** The share of a flat text's first tokens' time that it saves over lazy. */
const saved = (pairs: readonly Pair[], length: number): number =>
  median(
    pairs.map(({ lazy, flat }) => (lazy.rest[length - 1] - flat.rest[length - 1]) / flat.all[length - 1]),
  );

/** From how many tokens on the rest takes flat less time. */
export function restCrossing(pairs: readonly Pair[]): Crossing | null {
  const leads = Array.from(pairs[0].flat.all, (_, t) => ({
    length: t + 1,
    ratios: pairs.map(({ lazy, flat }) => lazy.rest[t] / flat.rest[t]),
  }));
  return crossing(leads);
}

/**
 * From how many tokens on what flat saves is noticed. Beyond the texts that were written in turn, it is what mixing takes lazily,
 * measured on its own, against what a longer flat text took.
 *
 * @param lazy mixing time by position
 * @param flat the longer text, as far as it was written
 */
export function textCrossing(
  pairs: readonly Pair[],
  lazy: Curve | undefined,
  flat: UpTo,
): TextCrossing | null {
  const written = pairs[0].flat.all.length;
  const last = Array.from({ length: written }, (_, t) => saved(pairs, t + 1)).findLastIndex(
    (share) => share <= NOTICED,
  );
  if (last + 1 < written) return { from: last + 2, derived: false };
  if (lazy === undefined) return null;
  const at = written - 1;
  const [lazyRest, flatRest, all] = [
    median(pairs.map(({ lazy }) => lazy.rest[at])),
    median(pairs.map(({ flat }) => flat.rest[at])),
    median(pairs.map(({ flat }) => flat.all[at])),
  ];
  for (let length = written + 1; length <= flat.all.length; length++) {
    const more = (of: Float64Array): number => of[length - 1] - of[at];
    const lead = lazyRest + between(lazy, written, length) - flatRest - more(flat.rest);
    if (lead > NOTICED * (all + more(flat.all))) return { from: length, derived: true };
  }
  return null;
}

/** What a curve says of the positions from one to another: between its points, it grows with the square of the position. */
function between(curve: Curve, from: number, to: number): number {
  const at = (position: number): number => {
    const k = Math.max(
      0,
      curve.findIndex((point) => point.position >= position),
    );
    const [before, after] = [curve[k - 1] ?? { position: 0, ms: 0 }, curve[k]];
    const squares = (position: number): number => position ** 2 - before.position ** 2;
    return before.ms + ((after.ms - before.ms) * squares(position)) / squares(after.position);
  };
  return at(to) - at(from);
}

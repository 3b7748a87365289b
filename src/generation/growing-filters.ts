/**
 * A mixer's filters, evaluated as they are needed: the first token does not wait for the taps of the last.
 *
 * A flat plan takes up to 7/3 rows more of each filter with each position, all in all. Every convolution's filter grows once in
 * a period of 16 steps, and what it has then lasts until the end of the next one. Most mixers evaluate rows themselves: they
 * are told to once a period, and have until its end. For others, filters are evaluated and set one after the other, in odd
 * steps, in which no tile beyond the first level's is due. With four filters:
 *
 *     step modulo 16   1   3   5   7   9  11  13  15
 *     filter 0         x
 *     filter 1                 x
 *     filter 2                         x
 *     filter 3                                 x
 */
import { type Mixer, MOST_GROWN, ROWS_TOGETHER } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';

/** Rows that filters start with: a few ms of work, and all that most texts need. */
const START = 1024;

/** Rows per position: what `Mixer.tapsNeeded` of a flat plan comes to at most, when the first block of a side is complete. */
const ROWS = 7 / 3;

/**
 * Steps from one growth of a filter to the next. With more, a token waits for more rows; with fewer, calls take longer than
 * rows.
 */
const PERIOD = 16;

/** The convolutions that grow in the step that makes `known` inputs known. */
export function growthAt(known: number, convolutions: number): readonly number[] {
  const turn = (convolution: number): number =>
    1 + 2 * Math.floor(((PERIOD / 2) * convolution) / convolutions);
  return Array.from({ length: convolutions }, (_, convolution) => convolution).filter(
    (convolution) => known % PERIOD === turn(convolution),
  );
}

/** Rows with which a filter lasts to the end of the period after that of `known` inputs, in a flat plan. */
export function rowsFor(known: number): number {
  return Math.ceil((ROWS * endOfNext(known)) / ROWS_TOGETHER) * ROWS_TOGETHER;
}

const endOfNext = (known: number): number => known - (known % PERIOD) + 2 * PERIOD;

/**
 * Sets a mixer's filters whole, with all rows it takes: so its sums do not depend on its length. Those that depend on the data
 * are pushed instead.
 */
export async function setFilters(model: LanguageModel, mixer: Mixer): Promise<void> {
  if (model.filter !== undefined) return;
  const rows = rowsOf(model, mixer);
  for (let convolution = 0; convolution < mixer.shape.convolutions; convolution++) {
    mixer.setFilter(convolution, await model.taps(convolution, rows, 0, mixer.filters));
  }
}

const rowsOf = (model: LanguageModel, mixer: Mixer): number =>
  Math.min(mixer.filterRows, model.config.model.context);

/** The filters of a mixer of one lane; which plan it has does not matter. */
export class GrowingFilters {
  /** Rows set, by convolution. */
  private readonly rows: number[];
  /** By step modulo the period. */
  private readonly growth: readonly (readonly number[])[];
  /** Rows to set in the end. */
  private readonly most: number;

  constructor(
    private readonly model: LanguageModel,
    private readonly mixer: Mixer,
  ) {
    const { convolutions } = mixer.shape;
    this.rows = new Array<number>(convolutions).fill(0);
    this.growth = Array.from({ length: PERIOD }, (_, known) => growthAt(known, convolutions));
    this.most = rowsOf(model, mixer);
  }

  /** Sets what all convolutions need to go on from `known` inputs, and some more. `onConvolution` is called before each. */
  async start(known: number, onConvolution?: (convolution: number) => void): Promise<void> {
    const { mixer, rows } = this;
    const whole = mixer.tapsNeeded(0) === mixer.shape.length;
    for (let convolution = 0; convolution < rows.length; convolution++) {
      onConvolution?.(convolution);
      await this.grow(convolution, whole ? Infinity : Math.max(START, this.target(known)));
    }
  }

  /** Before the push that makes `known` inputs known. */
  async step(known: number): Promise<void> {
    // When other work is handed over, too: whoever does it is woken once.
    if (known % PERIOD === 0) this.growAll(known);
    for (const convolution of this.growth[known % PERIOD]) await this.grow(convolution, this.target(known));
  }

  /**
   * Rows for a convolution whose turn it is. The same for all convolutions of a period, which then share what filters are evaluated
   * from. Plans that are not flat take rows in leaps, and say so.
   */
  private target(known: number): number {
    return Math.max(rowsFor(known), this.mixer.tapsNeeded(endOfNext(known)));
  }

  /** Has the mixer evaluate the next rows of all filters, if it can. */
  private growAll(known: number): void {
    const { rows, mixer, model, most } = this;
    const [first] = rows;
    const wanted = Math.min(this.target(known), most) - first;
    const count = wanted - (wanted % ROWS_TOGETHER);
    if (mixer.growFilters === undefined || first % ROWS_TOGETHER !== 0 || count <= 0 || count > MOST_GROWN)
      return;
    const lags = model.lags?.(first, first + count);
    if (lags === undefined) return;
    mixer.growFilters(first, lags);
    rows.fill(first + count);
  }

  private async grow(convolution: number, target: number): Promise<void> {
    const { rows, mixer, model, most } = this;
    const [first, end] = [rows[convolution], Math.min(target, most)];
    if (first >= end) return;
    mixer.setFilter(convolution, await model.taps(convolution, end, first, mixer.filters), first);
    rows[convolution] = end;
  }
}

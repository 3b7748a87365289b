/**
 * A mixer's filters, evaluated as they are needed: the first token does not wait for the taps of the last.
 *
 * A flat plan takes up to 7/3 rows more of each filter with each position, all in all. Every convolution's filter grows once in a period
 * of 32 steps, in two of them: in one its next rows are evaluated (E), two steps later they are set (S), so that no token
 * waits for both. Filters take turns, and both happen in odd steps, in which no tile beyond the first level's is due. With
 * four filters:
 *
 *     step modulo 32   1   3   5   7   9  11  13  15  17  19  21  23  25  27  29  31
 *     filter 0         S                                                           E
 *     filter 1                     E   S
 *     filter 2                                     E   S
 *     filter 3                                                     E   S
 *
 * What is set in a period lasts until the end of the next one.
 */
import type { Mixer } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';

/** Rows that filters start with: a few ms of work, and all that most texts need. */
const START = 1024;

/** Rows per position: what `Mixer.tapsNeeded` of a flat plan comes to at most, when the first block of a side is complete. */
const ROWS = 7 / 3;

/** Steps from one growth of a filter to the next. Larger calls of its graph take less time per row, but delay a token by more. */
const PERIOD = 32;

/** Steps from evaluating rows to setting them. */
const AHEAD = 2;

/** What one step does besides its token: the convolutions whose next rows it evaluates, and those whose rows it sets. */
export interface Growth {
  readonly evaluate: readonly number[];
  readonly set: readonly number[];
}

/** What the step that makes `known` inputs known does. */
export function growthAt(known: number, convolutions: number): Growth {
  const all = Array.from({ length: convolutions }, (_, convolution) => convolution);
  const turn = (convolution: number): number =>
    1 + 2 * Math.floor(((PERIOD / 2) * convolution) / convolutions);
  return {
    evaluate: all.filter((convolution) => (known + AHEAD) % PERIOD === turn(convolution)),
    set: all.filter((convolution) => known % PERIOD === turn(convolution)),
  };
}

/** Rows with which a filter lasts to the end of the period after that of `known` inputs, in a flat plan. */
export function rowsFor(known: number): number {
  return Math.ceil(ROWS * endOfNext(known));
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
    mixer.setFilter(convolution, await model.taps(convolution, rows));
  }
}

const rowsOf = (model: LanguageModel, mixer: Mixer): number =>
  Math.min(mixer.filterRows, model.config.model.context);

/** The filters of a mixer of one lane; which plan it has does not matter. */
export class GrowingFilters {
  /** Rows set, by convolution. */
  private readonly rows: number[];
  /** The rows to set next, if they have been evaluated. */
  private readonly next: (Float32Array | null)[];
  /** By step modulo the period. */
  private readonly growth: readonly Growth[];
  /** Rows to set in the end. */
  private readonly most: number;

  constructor(
    private readonly model: LanguageModel,
    private readonly mixer: Mixer,
  ) {
    const { convolutions } = mixer.shape;
    this.rows = new Array<number>(convolutions).fill(0);
    this.next = new Array<null>(convolutions).fill(null);
    this.growth = Array.from({ length: PERIOD }, (_, known) => growthAt(known, convolutions));
    this.most = rowsOf(model, mixer);
  }

  /** Sets what all convolutions need to go on from `known` inputs, and some more. `onConvolution` is called before each. */
  async start(known: number, onConvolution?: (convolution: number) => void): Promise<void> {
    const { mixer, rows } = this;
    const whole = mixer.tapsNeeded(0) === mixer.shape.length;
    for (let convolution = 0; convolution < rows.length; convolution++) {
      onConvolution?.(convolution);
      await this.evaluate(convolution, whole ? Infinity : Math.max(START, this.target(known)));
      this.set(convolution);
    }
  }

  /** Before the push that makes `known` inputs known. */
  async step(known: number): Promise<void> {
    const { evaluate, set } = this.growth[known % PERIOD];
    for (const convolution of evaluate) await this.evaluate(convolution, this.target(known + AHEAD));
    for (const convolution of set) this.set(convolution);
  }

  /**
   * Rows for a convolution whose turn it is. The same for all convolutions of a period, which then share what filters are evaluated
   * from. Plans that are not flat take rows in leaps, and say so.
   */
  private target(known: number): number {
    return Math.max(rowsFor(known), this.mixer.tapsNeeded(endOfNext(known)));
  }

  private async evaluate(convolution: number, target: number): Promise<void> {
    const [first, end] = [this.rows[convolution], Math.min(target, this.most)];
    if (first < end) this.next[convolution] = await this.model.taps(convolution, end, first);
  }

  private set(convolution: number): void {
    const { rows, next, mixer } = this;
    const taps = next[convolution];
    if (taps === null) return;
    mixer.setFilter(convolution, taps, rows[convolution]);
    rows[convolution] += taps.length / mixer.shape.width;
    next[convolution] = null;
  }
}

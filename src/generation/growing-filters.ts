import type { Mixer } from '../mixer/index.js';
import type { LanguageModel } from '../model/index.js';

/** Rows that filters start with: a few ms of work, and all that most texts need. */
const START = 1024;

/** Rows per position: what `Mixer.tapsNeeded` of a flat plan comes to in the long run, see `tapsAfter`. */
const ROWS = 3;

/**
 * Steps from one growth of a layer's filter to the next. Larger calls of its graph take less time per row, but what one
 * takes is the next token's delay.
 */
const PERIOD = 32;

/** So many steps before, the rows are evaluated: a token waits for that, and another one for their way into the mixer. */
const AHEAD = 2;

/**
 * The step of each period in which a layer's filter grows. Layers take turns, in odd steps: no tile beyond the first
 * level's is due at those.
 */
function turnsOf(layers: number): number[] {
  return Array.from({ length: layers }, (_, layer) => 1 + 2 * Math.floor(((PERIOD / 2) * layer) / layers));
}

/**
 * A mixer's filters, evaluated as they are needed: the first token does not wait for those of the last. A flat plan needs
 * up to three rows more with each position; layers take turns, so that no step does more than a little work.
 */
export class GrowingFilters {
  /** Rows set, by layer. */
  private readonly rows: number[];
  /** The rows to set next, if they have been evaluated. */
  private readonly next: (Float32Array | null)[];
  private readonly turns: readonly number[];
  /** Rows to set: as many as the mixer takes, so that its sums do not depend on its length. */
  private readonly most: number;

  constructor(
    private readonly model: LanguageModel,
    private readonly mixer: Mixer,
  ) {
    const { layers } = mixer.shape;
    this.rows = new Array<number>(layers).fill(0);
    this.next = new Array<null>(layers).fill(null);
    this.turns = turnsOf(layers);
    this.most = Math.min(mixer.filterRows, model.config.model.context);
  }

  /** Sets what a layer needs to go on from `known` inputs, and some more. */
  async start(layer: number, known = 0): Promise<void> {
    const { mixer } = this;
    const whole = mixer.tapsNeeded(0) === mixer.shape.length;
    await this.evaluate(layer, whole ? Infinity : Math.max(START, this.target(known)));
    this.set(layer);
  }

  /** Before the push that makes `known` inputs known. */
  async step(known: number): Promise<void> {
    const { rows, turns, most } = this;
    for (let layer = 0; layer < rows.length; layer++) {
      if (rows[layer] >= most) continue;
      if ((known + AHEAD) % PERIOD === turns[layer]) await this.evaluate(layer, this.target(known + AHEAD));
      else if (known % PERIOD === turns[layer]) this.set(layer);
    }
  }

  /**
   * Rows with which a layer lasts until its next turn: until the end of the next period, so that it is the same for all
   * layers, which then share what the filters are evaluated from. A run that starts too late for a turn lasts until the next. Plans that are not flat need rows in leaps.
   */
  private target(known: number): number {
    const end = known - (known % PERIOD) + 2 * PERIOD;
    return Math.max(ROWS * end, this.mixer.tapsNeeded(end));
  }

  private async evaluate(layer: number, target: number): Promise<void> {
    const [first, end] = [this.rows[layer], Math.min(target, this.most)];
    if (first < end) this.next[layer] = await this.model.taps(layer, end, first);
  }

  private set(layer: number): void {
    const { rows, next, mixer } = this;
    const taps = next[layer];
    if (taps === null) return;
    mixer.setFilter(layer, taps, rows[layer]);
    rows[layer] += taps.length / mixer.shape.width;
    next[layer] = null;
  }
}

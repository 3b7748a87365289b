import type { Mixer } from '../mixer/index.js';
import type { HyenaModel } from '../model/index.js';

/** Rows that filters start with: a few ms of work, and all that most texts need. */
const START = 1024;

/** Rows per position: what `Mixer.tapsNeeded` of a flat plan comes to in the long run, see `tapsAfter`. */
const ROWS = 3;

/** Steps from one growth to the next: a call of the filter's graph takes longer than the few rows that a single step needs. */
const EVERY = 4;

/**
 * A mixer's filters, evaluated as they are needed: the first token does not wait for those of the last. A flat plan needs
 * up to three rows more with each position; a step takes one layer further at most, layers taking turns, so that none
 * does more than a little work.
 */
export class GrowingFilters {
  /** Rows set, by layer. */
  private readonly rows: number[];
  /** Rows to set: as many as the mixer takes, so that its sums do not depend on its length. */
  private readonly most: number;

  constructor(
    private readonly model: HyenaModel,
    private readonly mixer: Mixer,
  ) {
    this.rows = new Array<number>(mixer.shape.layers).fill(0);
    this.most = Math.min(mixer.filterRows, model.config.model.context);
  }

  /** Sets what a layer needs to go on from `known` inputs, and some more. */
  async start(layer: number, known = 0): Promise<void> {
    const { mixer } = this;
    const whole = mixer.tapsNeeded(0) === mixer.shape.length;
    await this.grow(layer, whole ? Infinity : Math.max(START, this.target(known)));
  }

  /** Before the push that makes `known` inputs known. */
  async step(known: number): Promise<void> {
    const { rows } = this;
    if (known % EVERY !== 0) return;
    const layer = (known / EVERY) % rows.length;
    if (rows[layer] < this.most) await this.grow(layer, this.target(known));
  }

  /** Rows with which a layer lasts until its next turn. Plans that are not flat need them in leaps. */
  private target(known: number): number {
    const next = known + EVERY * this.rows.length;
    return Math.max(ROWS * next, this.mixer.tapsNeeded(next));
  }

  private async grow(layer: number, target: number): Promise<void> {
    const { rows, mixer } = this;
    const [first, end] = [rows[layer], Math.min(target, this.most)];
    if (first >= end) return;
    mixer.setFilter(layer, await this.model.taps(layer, end, first), first);
    rows[layer] = end;
  }
}

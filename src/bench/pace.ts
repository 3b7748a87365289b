/**
 * How fast the machine is at the moment, by work that no build of this program changes: virtual machines and warm processors
 * change their speed by a tenth and more over minutes. Runs are compared with it and without.
 */
import { median } from './estimate.js';

/** Times of the same small pieces of work again and again: medians, us. */
export interface Pace {
  /** Multiplying and adding in the first cache. */
  readonly arithmetic: number;
  /** Copying from memory to memory. */
  readonly memory: number;
}

/** Pieces: each so short that few are interrupted. */
const PIECES = 16;
const VALUES = 2048;
const PASSES = 100;
/** Values copied in a piece. All of them together are more than a cache holds. */
const COPIED = 2 ** 20;

export class Pacer {
  private readonly values = new Float64Array(VALUES).fill(1);
  private readonly from = new Float32Array(PIECES * COPIED).fill(1);
  private readonly to = new Float32Array(PIECES * COPIED).fill(1);

  /** Some 20 ms of work. */
  take(): Pace {
    return {
      arithmetic: this.time(() => this.compute()),
      memory: this.time((piece) => {
        const at = piece * COPIED;
        this.to.set(this.from.subarray(at, at + COPIED), at);
      }),
    };
  }

  private time(work: (piece: number) => void): number {
    return median(
      Array.from({ length: PIECES }, (_, piece) => {
        const begin = performance.now();
        work(piece);
        return (performance.now() - begin) * 1e3;
      }),
    );
  }

  private compute(): void {
    const { values } = this;
    for (let pass = 0; pass < PASSES; pass++) {
      for (let k = 0; k < VALUES; k++) values[k] = values[k] * 0.999 + 0.001;
    }
  }
}

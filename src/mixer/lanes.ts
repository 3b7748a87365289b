import type { PerLane } from './shape.js';

/** Where each lane of a mixer is. */
export class LanePositions {
  /** The position of each lane. */
  readonly at: PerLane;
  /** The same for lanes that take part; -1 for those that are retired or at the end. */
  readonly active: PerLane;
  private readonly retired: boolean[];

  constructor(
    readonly count: number,
    private readonly length: number,
  ) {
    this.at = new Int32Array(count);
    this.active = new Int32Array(count);
    this.retired = new Array<boolean>(count).fill(false);
  }

  /** @param retired whether the lane is out until its next reset; default: as it is */
  goTo(lane: number, position: number, retired = this.retired[lane]): void {
    this.retired[lane] = retired;
    this.at[lane] = position;
    this.active[lane] = retired || position >= this.length ? -1 : position;
  }

  /** All active lanes one position on. */
  advance(): void {
    const { at, active, length } = this;
    for (let lane = 0; lane < active.length; lane++) {
      if (active[lane] >= 0) active[lane] = ++at[lane] < length ? at[lane] : -1;
    }
  }

  check(lane: number): void {
    checkIndex('lane', lane, this.count);
  }

  /** Throws unless a lane has had no input yet. */
  checkUnused(lane: number): void {
    this.check(lane);
    if (this.at[lane] !== 0) {
      throw new RangeError(
        `filters and pending sums are set before the first push, not after ${this.at[lane]}`,
      );
    }
  }
}

/** Throws a RangeError unless an index is 0 ... count - 1. */
export function checkIndex(what: string, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`${what}: expected 0 to ${count - 1}, got ${index}`);
  }
}

/** Throws a RangeError unless an array has so many values, `shape` in words. */
export function checkSize(what: string, values: Float32Array, size: number, shape: string): void {
  if (values.length !== size) {
    throw new RangeError(`${what}: expected ${size} values (${shape}), got ${values.length}`);
  }
}

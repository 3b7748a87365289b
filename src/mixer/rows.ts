import { type Bank, GROUP, groupsOf } from './memory/index.js';
import type { MixerShape } from './shape.js';

/** Where a part of a bank's rows lies in an array `[convolution, lane, channel]`. */
interface Part {
  readonly row: Float32Array;
  readonly at: number;
  readonly lane: number;
}

/** One position of all convolutions and lanes, between the rows of the banks and a caller's array. */
export class Rows {
  private readonly parts: readonly Part[];
  private whole: Float32Array | undefined;
  private pieces: readonly Float32Array[] = [];

  constructor(banks: readonly Bank[], shape: MixerShape) {
    this.parts = banks.flatMap((bank) => partsOf(bank, shape));
  }

  /** Values to the rows. Callers use the same array for every token, so its views are kept. */
  take(values: Float32Array): void {
    const { parts } = this;
    if (this.whole !== values) {
      this.whole = values;
      this.pieces = parts.map(({ row, at }) => values.subarray(at, at + row.length));
    }
    for (let k = 0; k < parts.length; k++) parts[k].row.set(this.pieces[k]);
  }

  /** The rows to an array; 0 for lanes whose position is -1. */
  give(out: Float32Array, active: ArrayLike<number>): void {
    for (const { row, at, lane } of this.parts) {
      if (active[lane] < 0) out.fill(0, at, at + row.length);
      else out.set(row, at);
    }
  }
}

function partsOf({ layout, floats }: Bank, { width, lanes = 1 }: MixerShape): Part[] {
  const groups = groupsOf(width);
  const { first, units, row } = layout;
  const start = first / groups;
  // Of a single lane whose channels fill their groups, convolutions follow each other in the row as they do in the array.
  const joined = lanes === 1 && width % GROUP === 0;
  const convolutions = units / groups;
  const count = joined ? 1 : convolutions;
  const size = joined ? convolutions * width : width;
  return Array.from({ length: count * lanes }, (_, k) => {
    const [c, lane] = [Math.floor(k / lanes), k % lanes];
    const from = row / 4 + (lane * units + c * groups) * GROUP;
    return { row: floats.subarray(from, from + size), at: ((start + c) * lanes + lane) * width, lane };
  });
}

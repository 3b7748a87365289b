import type { Engine } from './engine/index.js';
import { checkSize } from './lanes.js';
import { modalFilterOf } from './memory/index.js';
import type { Modes } from './modes.js';
import type { MixerShape } from './shape.js';

/** How many rows of its filter each convolution has, and whether they are enough. */
export class FilledRows {
  /** Filters that are never set are zero. */
  private readonly filled: number[];

  constructor(
    private readonly shape: MixerShape,
    private readonly engine: Engine,
  ) {
    this.filled = new Array<number>(shape.convolutions).fill(shape.length);
  }

  /** Takes note of rows `first` ... of a filter. Throws a RangeError if they do not go on where the last ones ended. */
  add(convolution: number, taps: Float32Array, first: number): void {
    const { filled, shape, engine } = this;
    const { width, length } = shape;
    if (first !== 0 && first !== filled[convolution]) {
      throw new RangeError(
        `a filter of which ${filled[convolution]} rows are set goes on there, not at ${first}`,
      );
    }
    const most = engine.filterRows - first;
    // Where a filter is needed whole from the start, it comes whole.
    const least = engine.tapsNeeded(0) < length ? 0 : length;
    if (taps.length % width !== 0 || taps.length < least * width || taps.length > most * width) {
      checkSize('a filter', taps, (length - first) * width, `${length - first} x ${width}`);
    }
    filled[convolution] = first + taps.length / width;
  }

  /** Rows that all filters have. */
  get least(): number {
    return Math.min(...this.filled);
  }

  /** All filters have the rows before `end`, at least. */
  reach(end: number): void {
    const { filled } = this;
    for (let c = 0; c < filled.length; c++) filled[c] = Math.max(filled[c], end);
  }

  /**
   * Throws a RangeError unless there are taps for what is due once `known` inputs are known.
   *
   * @param finish called where there are not: waits for those that are on their way, of which there may be enough
   */
  check(known: number, finish: () => void): void {
    let lacking = this.lacking(known);
    if (lacking >= 0) {
      finish();
      lacking = this.lacking(known);
    }
    if (lacking < 0) return;
    throw new RangeError(
      `convolution ${lacking} has ${this.filled[lacking]} rows of its filter, ` +
        `and ${this.needed(known)} are needed at position ${known - 1}`,
    );
  }

  /** A convolution without taps for what is due then; -1 if there is none. */
  private lacking(known: number): number {
    const { filled, shape } = this;
    // Most of the time all are there, and a token need not know how many it takes.
    if (filled.every((rows) => rows >= shape.length)) return -1;
    const needed = this.needed(known);
    return filled.findIndex((rows) => rows < needed);
  }

  private needed(known: number): number {
    return Math.min(this.shape.length, this.engine.tapsNeeded(known));
  }
}

/** The rows of a filter, those that a window does not have included: they are 0. Throws a RangeError unless it has its taps. */
export function wholeRows(
  taps: Float32Array,
  { filter, width, length }: MixerShape,
  filterRows: number,
): Float32Array {
  if (filter?.kind === 'modal') throw new RangeError('a modal filter is set by its modes');
  if (filter?.kind !== 'window') return taps;
  const size = filter.taps * width;
  checkSize('a window', taps, size, `${filter.taps} x ${width}`);
  const rows = new Float32Array(Math.min(length, filterRows) * width);
  rows.set(taps.subarray(0, Math.min(size, rows.length)));
  return rows;
}

/** Throws a RangeError unless modes are as many and of the kind that a shape says. */
export function checkModes(modes: Modes, { filter, width }: MixerShape): void {
  const { modes: count, complex } = modalFilterOf(modes);
  const kind = (of: { modes: number; complex: boolean }): string =>
    `${of.modes} ${of.complex ? 'complex' : 'real'} modes`;
  if (filter?.kind !== 'modal') throw new RangeError('modes are for mixers of modal filters');
  if (modes.width !== width || count !== filter.modes || complex !== filter.complex) {
    throw new RangeError(
      `modes: expected ${kind(filter)} of ${width} channels, got ${kind({ modes: count, complex })} of ${modes.width}`,
    );
  }
}

/** Whole sequences through the model, one after another: what the next one can use of the last is kept. */
import type { ModelDimensions } from '../bundle/index.js';
import { abortable } from '../format/index.js';
import { convolutions, convolutionsOf, filtersOf, stateOf } from '../layers/index.js';
import {
  blockRows,
  BlockwiseConvolver,
  blockwiseBytes,
  type BlockwiseShape,
  fit,
  longestSequence,
} from '../mixer/index.js';
import {
  type Activations,
  type BlockGraphs,
  type HeadWishes,
  multiply,
  type Part,
  ROWS,
} from './block-graphs.js';
import { logProbability } from './probability.js';
import type { FilterEvaluator } from './taps.js';
import { stateBytes, type StepState } from './state.js';
import { checkIds, checkToken } from './token.js';
import type { HiddenChunk, Inside, LogitsChunk, SequenceOptions, Sequences } from './types.js';

/** Bytes of spectra kept of filters, or of inputs: beyond, they are made anew for each sequence. */
const KEPT = 1 << 29;
/** Bytes of all that is kept, of sequences of several lengths. */
const KEPT_IN_ALL = 3 * KEPT;

/** What sequences of about one length leave to the next. */
interface Shelf {
  readonly convolver: BlockwiseConvolver;
  /** See `BlockGraphs.prepacks`. */
  readonly prepack: boolean;
  readonly bytes: number;
  /** The last sequence, if its convolutions' inputs are all there, and what was found for each of its tokens. */
  ids: readonly number[];
  scores: Float64Array;
  /** The state after so many rows of it, by their number. */
  readonly states: Map<number, StepState>;
}

/** Bytes that a sequence of so many tokens takes while it is scored, about: activations, taps, spectra. */
export function sequenceBytes({ width, layers }: ModelDimensions, length: number): number {
  if (convolutions(layers) === 0) return stateBytes(stateOf(layers, width), length);
  if (filtersOf(layers) === 'data-dependent') {
    const filter = { kind: 'data-dependent' } as const;
    return fit({ name: 'tiled', shape: { convolutions: convolutions(layers), width, length, filter } }).bytes;
  }
  const block = blockRows(length);
  const own = { width, convolutions: convolutions(layers), block, length };
  const kept = blockwiseBytes({ ...own, keepFilters: true, keepInputs: true });
  const spectra = kept <= 2 * KEPT ? kept : blockwiseBytes({ ...own, keepFilters: false, keepInputs: false });
  // x, gate and y; the gates within a layer; the taps.
  const arrays = 3 + Math.max(...layers.map(convolutionsOf)) - 1 + 1;
  return 4 * arrays * length * width + spectra;
}

export class SequencePass implements Sequences {
  /** By what sequences have to have in common to round alike. */
  private readonly shelves = new Map<string, Shelf>();

  /**
   * @param start makes the state of one sequence at position 0
   * @param keep what is used again by the next sequence; else nothing is
   */
  constructor(
    private readonly graphs: BlockGraphs,
    private readonly model: ModelDimensions,
    private readonly start: () => StepState,
    private readonly filters: FilterEvaluator,
    private readonly keep: boolean,
  ) {}

  async score(ids: ArrayLike<number>, options: SequenceOptions = {}): Promise<Float64Array> {
    const { vocabulary } = this.model;
    if (ids.length > 0) checkToken(ids[ids.length - 1], vocabulary);
    if (ids.length < 2) return new Float64Array(0);
    // Nothing is predicted from the last one.
    const given = Array.prototype.slice.call(ids, 0, -1) as number[];
    checkIds(given, 0, this.model);
    const shelf = this.shelfFor(given.length);
    const from = sharedRows(shelf, given);
    const scores = new Float64Array(given.length);
    scores.set(shelf.scores.subarray(0, from));
    for await (const { start, rows, logits } of this.rows(shelf, given, from, { logits: true }, options)) {
      for (let row = 0; row < rows; row++) {
        scores[start + row] = logProbability(logits, ids[start + row + 1], vocabulary, row * vocabulary);
      }
    }
    Object.assign(shelf, { ids: given, scores });
    return scores;
  }

  async *logits(ids: ArrayLike<number>, options: SequenceOptions = {}): AsyncGenerator<LogitsChunk> {
    checkIds(ids, 0, this.model);
    yield* this.rows(this.shelfFor(ids.length), ids, 0, { logits: true, hidden: true }, options);
  }

  async *hidden(
    ids: ArrayLike<number>,
    layer: number | Inside,
    options: SequenceOptions = {},
  ): AsyncGenerator<HiddenChunk> {
    const { layers, width } = this.model;
    if (typeof layer !== 'number') {
      throw new RangeError('a layer of long convolutions hands out nothing from inside');
    }
    if (!Number.isSafeInteger(layer) || layer < 0 || layer > layers.length) {
      throw new RangeError(`layer ${layer} is not one of 0 to ${layers.length}`);
    }
    checkIds(ids, 0, this.model);
    const shelf = this.shelfFor(ids.length);
    if (layer === layers.length) {
      yield* this.rows(shelf, ids, 0, { hidden: true }, options);
      return;
    }
    const { x } = await this.layersOf(shelf, ids, 0, layer, options);
    for (const { start, end } of partsFrom(0, ids.length, ROWS)) {
      yield { start, rows: end - start, hidden: x.subarray(start * width, end * width) };
    }
  }

  /** Rows `from` on. */
  private async *rows(
    shelf: Shelf,
    ids: ArrayLike<number>,
    from: number,
    wishes: HeadWishes,
    options: SequenceOptions,
  ): AsyncGenerator<LogitsChunk> {
    const { graphs } = this;
    const { width, layers } = this.model;
    const a = await this.layersOf(shelf, ids, from, layers.length, options);
    const x = new Float32Array(Math.min(ids.length - from, ROWS) * width);
    for (const { start, end } of partsFrom(from, ids.length, rowsOf(shelf))) {
      const part = x.subarray(0, (end - start) * width);
      await graphs.end(a, { start: start - from, end: end - from }, shelf.prepack, part);
      for await (const chunk of graphs.head(part, shelf.prepack, wishes))
        yield { ...chunk, start: start + chunk.start };
      options.signal?.throwIfAborted();
    }
  }

  /**
   * Layers 0 ... `last` - 1 over rows `from` on, and the first part of layer `last` if there is one, of which `x` is what it
   * reads.
   */
  private async layersOf(
    shelf: Shelf,
    ids: ArrayLike<number>,
    from: number,
    last: number,
    { onProgress, signal }: SequenceOptions,
  ): Promise<Activations> {
    const { graphs, filters } = this;
    const { layers, width } = this.model;
    const rows = ids.length - from;
    const report = abortable(signal, onProgress);
    const total = (layers.length + convolutions(layers)) * rows;
    let done = 0;
    const advance = (count: number): void => {
      done += count;
      report(done, total);
    };
    advance(0);

    const { convolver, states } = shelf;
    const { block } = convolver.shape;
    // Until all convolutions have met this sequence, there is none to go on from.
    shelf.ids = [];
    const state = from === 0 ? this.start() : states.get(from)!.copy();
    for (const row of states.keys()) if (row > from) states.delete(row);
    const y = new Float32Array(rows * width);
    const a: Activations = {
      x: new Float32Array(rows * width),
      gate: new Float32Array(rows * width),
      y,
      z: y,
      inner: graphs.innerGates(rows),
    };
    const parts = partsFrom(from, ids.length, rowsOf(shelf));
    const own = parts.map(({ start, end }) => ({ start: start - from, end: end - from }));
    const tail = Array.prototype.slice.call(ids, from) as number[];
    let convolution = 0;
    for (let l = 0; l < Math.min(last + 1, layers.length); l++) {
      await graphs.begin(l, tail, a, state, own, shelf.prepack, ({ start, end }, keep) => {
        const row = from + end;
        if (convolver.shape.keepInputs && row % block === 0) {
          if (!states.has(row)) states.set(row, this.start());
          keep(states.get(row)!);
        }
        advance(end - start);
      });
      if (l === last) return a;
      for (let o = 0; o < convolutionsOf(layers[l]); o++) {
        if (o > 0) multiply(a.inner[o - 1].values, a.z, a.y);
        const needed = Math.min(convolver.tapsNeeded(convolution, ids.length), this.model.context);
        const taps = new Float32Array(needed * width);
        if (needed > 0) await filters.write(convolution, 0, needed, taps, convolver.filters);
        convolver.convolve(convolution, y, from, ids.length, taps);
        advance(rows);
        convolution++;
      }
    }
    return a;
  }

  private shelfFor(length: number): Shelf {
    const { width, context, layers } = this.model;
    const block = blockRows(length);
    const prepack = this.graphs.prepacks(length);
    const key = `${block}${prepack ? ', prepacked' : ''}`;
    const found = this.shelves.get(key);
    if (found !== undefined && length <= found.convolver.shape.length) return found;
    const { shape: implicit } = this.filters;
    const shape = { width, convolutions: convolutions(layers), block, length, implicit };
    const long = {
      ...shape,
      length: this.keep ? Math.min(longestSequence(block), context) : length,
    };
    const kept = (what: Partial<BlockwiseShape>): BlockwiseShape => {
      const none = { keepFilters: false, keepInputs: false };
      const fits = this.keep && blockwiseBytes({ ...long, ...none, ...what }) <= KEPT;
      return { ...(fits ? long : shape), ...none, ...(fits && what) };
    };
    const filters = kept({ keepFilters: true });
    const inputs = kept({ keepInputs: true });
    const both = { ...filters, keepInputs: inputs.keepInputs };
    const bytes = blockwiseBytes(both);
    const held = [...this.shelves.values()].reduce((sum, shelf) => sum + shelf.bytes, 0);
    if (held + bytes > KEPT_IN_ALL) this.shelves.clear();
    const shelf: Shelf = {
      convolver: new BlockwiseConvolver(both),
      prepack,
      bytes,
      ids: [],
      scores: new Float64Array(0),
      states: new Map(),
    };
    this.shelves.set(key, shelf);
    return shelf;
  }
}

/**
 * How many rows of a sequence need not be computed again: whole blocks, so that the token after them is the same, too, and
 * two rows at least are left.
 */
function sharedRows({ ids: before, states }: Shelf, ids: ArrayLike<number>): number {
  let common = 0;
  while (common < before.length && common < ids.length && before[common] === ids[common]) common++;
  let shared = 0;
  for (const row of states.keys()) {
    if (row < common && row <= ids.length - 2) shared = Math.max(shared, row);
  }
  return shared;
}

/** Rows of one call: whole blocks, or parts of one. */
const rowsOf = ({ convolver }: Shelf): number => Math.min(ROWS, convolver.shape.block);

/**
 * Rows `from` to `to` in parts of `size`. None is of a single row if that can be: it would take another matrix kernel, which
 * rounds differently, and a row must not depend on where a sequence ends.
 */
function partsFrom(from: number, to: number, size: number): Part[] {
  const parts: Part[] = [];
  for (let start = from; start < to;) {
    const end = Math.min(to, start + size);
    const stop = to - end === 1 && end - start > 2 ? end - 1 : end;
    parts.push({ start, end: stop });
    start = stop;
  }
  return parts;
}

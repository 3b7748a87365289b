import { Deadlines } from './deadlines.js';
import type { Engine, ImplicitFilters, Lags, Opened, Recipe } from './engine/index.js';
import { checkModes, FilledRows, wholeRows } from './filter-rows.js';
import { Growth } from './growth.js';
import { checkIndex, checkSize, LanePositions } from './lanes.js';
import { type Bank, GROUP, groupsOf, toLines, unitOf } from './memory/index.js';
import type { Mixer } from './mixer.js';
import { modalTaps, type Modes } from './modes.js';
import type { Plan } from './plan/index.js';
import { Rows } from './rows.js';
import type { MixerName, MixerShape } from './shape.js';
import type { Team } from './thread/index.js';

/** What the outside sees of every mixer: checks, positions, and rows in and out of the blocked arrays. */
export class OnlineMixer implements Mixer {
  readonly name: MixerName;
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly bytes: number;
  readonly filterRows: number;
  readonly filters?: ImplicitFilters;
  readonly growFilters?: (first: number, lags: Lags) => void;
  private readonly engine: Engine;
  private readonly banks: readonly Bank[];
  private readonly growth?: Growth;
  private readonly groups: number;
  private readonly lanes: LanePositions;
  private readonly filled: FilledRows;
  private readonly rows: Rows;
  private readonly deadlines: Deadlines | undefined;
  private closed = false;
  /** The rows hold the sums of these positions. */
  private summed = false;

  constructor(
    { name, shape, plan, bytes, threads }: Recipe,
    { engine, banks, filters, growing }: Opened,
    private readonly team: Team,
    /**
     * The memories hold nothing but zeros, of which most were never written to; later, as long as a run has done nothing
     * but steps, and they still are.
     */
    private untouched: boolean,
  ) {
    this.engine = engine;
    this.banks = banks;
    this.name = name;
    this.shape = shape;
    this.plan = plan;
    this.bytes = bytes;
    this.filterRows = engine.filterRows;
    this.groups = groupsOf(shape.width);
    this.lanes = new LanePositions(shape.lanes ?? 1, shape.length);
    this.filled = new FilledRows(shape, engine);
    if (filters !== undefined) this.filters = filters;
    if (filters !== undefined && growing !== undefined) {
      const growth = new Growth(filters, growing, team, threads > 2);
      this.growth = growth;
      this.growFilters = (first, lags) => {
        growth.begin(first, lags, this.filled.least);
        this.filled.reach(first);
      };
    }
    this.rows = new Rows(banks, shape);
    this.deadlines = engine.deferred && new Deadlines(engine.deferred, team, this.lanes.at);
    if (!untouched) for (let lane = 0; lane < this.lanes.count; lane++) this.clear(lane);
  }

  get position(): number {
    return this.lanes.at[0];
  }

  positionOf(lane: number): number {
    this.lanes.check(lane);
    return this.lanes.at[lane];
  }

  /** Zeroes all that a run accumulates in. */
  private clear(lane: number): void {
    for (const { floats, layout } of this.banks) {
      const { row, units, state } = layout;
      for (const { at, bytes } of [{ at: row, bytes: GROUP * 4 }, ...state]) {
        floats.fill(0, (at + lane * units * bytes) / 4, (at + (lane + 1) * units * bytes) / 4);
      }
    }
    this.goTo(lane, 0, false);
  }

  private goTo(lane: number, position: number, retired?: boolean): void {
    this.lanes.goTo(lane, position, retired);
    this.deadlines?.goTo(lane, position);
    this.engine.moved?.(lane);
    this.summed = false;
    this.untouched = false;
    this.team.forget();
  }

  reset(lane?: number): void {
    this.settle();
    for (const each of this.lanesOf(lane)) this.clear(each);
  }

  retire(lane: number): void {
    this.settle();
    this.lanes.check(lane);
    this.goTo(lane, this.lanes.at[lane], true);
  }

  state(): readonly Float32Array[] {
    this.settle();
    const { groups, lanes } = this;
    return Array.from({ length: this.shape.convolutions }, (_, c) => {
      const { floats, layout, unit } = unitOf(this.banks, c * groups);
      return layout.state.flatMap(({ at, bytes }) =>
        Array.from({ length: lanes.count }, (_, lane) => {
          const from = at + (lane * layout.units + unit) * bytes;
          return floats.subarray(from / 4, (from + groups * bytes) / 4);
        }),
      );
    }).flat();
  }

  resume(position: number, lane?: number): void {
    this.settle();
    const { length } = this.shape;
    if (!Number.isInteger(position) || position < 0 || position > length) {
      throw new RangeError(`position: expected a whole number from 0 to ${length}, got ${position}`);
    }
    this.filled.check(position, this.finishGrowth);
    for (const each of this.lanesOf(lane)) this.goTo(each, position);
  }

  tapsNeeded(known: number): number {
    return this.engine.tapsNeeded(known);
  }

  setFilter(convolution: number, filter: Float32Array | Modes, first = 0): void {
    this.checkConvolution(convolution);
    if (first === 0) for (let lane = 0; lane < this.lanes.count; lane++) this.lanes.checkUnused(lane);
    const { engine, shape } = this;
    if ('poles' in filter) checkModes(filter, shape);
    if ('poles' in filter && engine.setModes !== undefined) {
      engine.setModes(convolution, filter, (...units) => this.team.prepare(...units));
      return;
    }
    const rows =
      'poles' in filter
        ? Float32Array.from(modalTaps(filter, shape.length))
        : wholeRows(filter, shape, this.filterRows);
    this.finishGrowth();
    this.filled.add(convolution, rows, first);
    const { width, length } = shape;
    engine.setFilter(convolution, { rows, width, length, first }, (...units) => this.team.prepare(...units));
  }

  fill(convolution: number, inputs: Float32Array, lane = 0): void {
    this.checkConvolution(convolution);
    this.lanes.checkUnused(lane);
    const count = this.rowsOf('inputs', inputs, this.shape.length);
    this.untouched = false;
    this.filled.check(count, this.finishGrowth);
    const { engine, groups } = this;
    const { period } = this.banks[0].layout;
    const [from, to] = [convolution * groups, (convolution + 1) * groups];
    const positions = new Int32Array(this.lanes.count).fill(-1);
    const [begin, end] = [new Int32Array(this.lanes.count), new Int32Array(this.lanes.count)];
    // What a tile adds to positions that are filled later is overwritten by their inputs, or would have been.
    let stored = 0;
    for (let known = 1; known <= count; known++) {
      if (known < count && known % period !== 0 && !engine.matters(known, count)) continue;
      this.store(convolution, inputs, lane, stored, known);
      stored = known;
      positions[lane] = known - 1;
      engine.advance(positions, from, to, 0);
      [begin[lane], end[lane]] = [known - 1, known];
      engine.deferred?.whole(begin, end, from, to, 0);
    }
    this.summed = false;
  }

  /** Puts the inputs of positions `from` <= t < `to`, rows of `[time, channel]`, into their slots. */
  private store(convolution: number, inputs: Float32Array, lane: number, from: number, to: number): void {
    const { width } = this.shape;
    const rows = inputs.subarray(from * width, to * width);
    for (let g = 0; g < this.groups; g++) {
      const { floats, layout, at } = this.slotsOf(convolution, g, lane);
      toLines(rows, width, g, floats, at + (from % layout.period) * GROUP, to - from);
    }
  }

  addPending(convolution: number, values: Float32Array, lane = 0): void {
    this.checkConvolution(convolution);
    this.lanes.checkUnused(lane);
    const { width } = this.shape;
    const count = this.rowsOf('pending sums', values, this.banks[0].layout.period);
    this.untouched = false;
    for (let g = 0; g < this.groups; g++) {
      const { floats, at } = this.slotsOf(convolution, g, lane);
      const channels = Math.min(GROUP, width - g * GROUP);
      for (let t = 0; t < count; t++) {
        for (let c = 0; c < channels; c++) floats[at + t * GROUP + c] += values[t * width + g * GROUP + c];
      }
    }
    this.summed = false;
  }

  pending(out: Float32Array): void {
    this.checkStep('pending sums', out);
    const { lanes, team } = this;
    if (!this.summed) {
      team.sums(lanes.active);
      this.summed = true;
    }
    team.join();
    this.rows.give(out, lanes.active);
  }

  push(y: Float32Array): void {
    this.checkStep('inputs', y);
    const { engine, lanes, team, deadlines } = this;
    for (let lane = 0; lane < lanes.count; lane++) this.filled.check(lanes.at[lane] + 1, this.finishGrowth);
    team.join();
    this.rows.take(y);
    deadlines?.await(lanes.active);
    const { touch } = engine;
    if (this.untouched && touch !== undefined) {
      team.touchAhead(lanes.at[0] + 1);
      this.untouched = lanes.at[0] < touch.until;
    }
    team.step(lanes.active);
    this.growth?.step(lanes.at[0] + 1);
    this.summed = engine.sumsAhead;
    lanes.advance();
    deadlines?.stepped();
  }

  /** Waits until nothing is under way. */
  private settle(): void {
    this.checkOpen();
    this.finishGrowth();
    this.team.join();
    this.deadlines?.handOver();
    this.team.wait();
  }

  private readonly finishGrowth = (): void => {
    if (this.growth !== undefined) this.filled.reach(this.growth.finish());
  };

  /**
   * Goes to a position as if all before it had been pushed, without doing any of the work: for measuring what a
   * single position costs. The sums are meaningless afterwards.
   */
  skipTo(position: number): void {
    this.checkOpen();
    for (let lane = 0; lane < this.lanes.count; lane++) this.goTo(lane, position);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.team.close();
  }

  /** Where a lane's slots of one channel group are, as an index of floats. */
  private slotsOf(convolution: number, group: number, lane: number): Bank & { readonly at: number } {
    const { unit, ...bank } = unitOf(this.banks, convolution * this.groups + group);
    const { slots, units, stride } = bank.layout;
    return { ...bank, at: (slots + (lane * units + unit) * stride) / 4 };
  }

  /** The lane that is meant, or all. */
  private lanesOf(lane: number | undefined): number[] {
    if (lane === undefined) return Array.from({ length: this.lanes.count }, (_, each) => each);
    this.lanes.check(lane);
    return [lane];
  }

  private checkOpen(): void {
    if (this.closed) throw new Error('the mixer is closed');
  }

  private checkConvolution(convolution: number): void {
    this.checkOpen();
    checkIndex('convolution', convolution, this.shape.convolutions);
  }

  /** How many rows `[time, channel]` there are. */
  private rowsOf(what: string, values: Float32Array, most: number): number {
    const { width } = this.shape;
    const count = values.length / width;
    if (!Number.isInteger(count) || count > most) {
      throw new RangeError(
        `${what}: expected at most ${most} rows of ${width} values, got ${values.length} values`,
      );
    }
    return count;
  }

  private checkStep(what: string, values: Float32Array): void {
    this.checkOpen();
    const { convolutions, width, length } = this.shape;
    const { count, at } = this.lanes;
    if (values.length !== convolutions * count * width) {
      const shape = [convolutions, ...(count > 1 ? [count] : []), width].join(' x ');
      checkSize(what, values, convolutions * count * width, shape);
    }
    if (count === 1 && at[0] >= length) {
      throw new RangeError(`all ${length} positions of the mixer are used`);
    }
  }
}

import type { PerLane, MixerName, MixerShape } from './shape.js';
import { setEagerFilter } from './engine/eager.js';
import { setLazyFilter } from './engine/lazy.js';
import { GROUP, toLines } from './memory/blocks.js';
import { touchFlights, touchSlots, touchSpectra } from './engine/first-touch.js';
import type { Mixer } from './mixer.js';
import type { Opened } from './engine/build.js';
import type { Plan } from './plan/plan.js';
import type { Team } from './thread/team.js';
import { clearScratch, setTiledFilter, writeTables } from './engine/tiled-filter.js';

/** Steps whose deferred slices are handed over together, so that a worker is not woken for each. */
const BATCH = 16;

/** What the outside sees of every mixer: checks, positions, and rows in and out of the blocked arrays. */
export class OnlineMixer implements Mixer {
  readonly name: MixerName;
  readonly filterRows: number;
  private readonly lanes: number;
  private closed = false;
  /** The position of each lane. */
  private readonly at: PerLane;
  /** The same for lanes that take part; -1 for those that are retired or at the end. */
  private readonly active: PerLane;
  private readonly retired: boolean[];
  /** Rows set of each convolution's filter; filters that are never set are zero. */
  private readonly filled: number[];
  /** The rows hold the sums of these positions. */
  private summed = false;
  /** Deferred slices have been handed over up to these positions; and those due at a lane's next deadline as job ... */
  private readonly handed: PerLane;
  private readonly deadline: number[];
  private steps = 0;
  /** Nothing has happened but steps, and much of the memory was never written: see `writeAhead`. */
  private untouched = false;
  private whole: Float32Array | undefined;
  private parts: Float32Array[] = [];
  /** `[convolution][lane]` rows: the parts of the memories that `pending` and `push` go through. */
  private readonly rows: readonly Float32Array[];

  constructor(
    readonly shape: MixerShape,
    readonly plan: Plan,
    readonly bytes: number,
    private readonly opened: Opened,
    private readonly team: Team,
    /** The memories hold nothing but zeros. */
    zeroed: boolean,
  ) {
    this.name = opened.name;
    const { lanes = 1 } = shape;
    this.lanes = lanes;
    this.at = new Int32Array(lanes);
    this.active = new Int32Array(lanes);
    this.handed = new Int32Array(lanes);
    this.retired = new Array<boolean>(lanes).fill(false);
    this.filterRows = opened.name === 'tiled' ? opened.convolutions[0].layout.tapRows : shape.length;
    this.filled = new Array<number>(shape.convolutions).fill(shape.length);
    this.deadline = new Array<number>(lanes).fill(0);
    this.rows = opened.convolutions.flatMap(({ floats, layout }) =>
      Array.from({ length: lanes }, (_, lane) => {
        const at = layout.row / 4 + lane * layout.groups * GROUP;
        return floats.subarray(at, at + shape.width);
      }),
    );
    if (opened.name === 'tiled') {
      writeTables(opened.convolutions);
      if (!zeroed) opened.convolutions.forEach(clearScratch);
    }
    for (let lane = 0; lane < lanes; lane++) {
      if (zeroed) this.goTo(lane, 0);
      else this.clear(lane);
    }
    this.untouched = zeroed && lanes === 1 && opened.engine.deferred !== undefined;
    if (this.untouched && opened.name === 'tiled') touchSpectra(opened.convolutions);
  }

  get position(): number {
    return this.at[0];
  }

  positionOf(lane: number): number {
    this.checkLane(lane);
    return this.at[lane];
  }

  /** Zeroes all that a run accumulates in. */
  private clear(lane: number): void {
    for (const { floats, layout } of this.opened.convolutions) {
      const { row, groups } = layout;
      for (const { at, bytes } of [{ at: row, bytes: groups * GROUP * 4 }, ...layout.state]) {
        floats.fill(0, (at + lane * bytes) / 4, (at + (lane + 1) * bytes) / 4);
      }
    }
    this.retired[lane] = false;
    this.goTo(lane, 0);
  }

  private goTo(lane: number, position: number): void {
    this.at[lane] = position;
    this.active[lane] = this.retired[lane] || position >= this.shape.length ? -1 : position;
    this.handed[lane] = position;
    this.deadline[lane] = 0;
    this.summed = false;
    this.untouched = false;
    this.team.restart();
  }

  reset(lane?: number): void {
    this.settle();
    if (lane === undefined) for (let l = 0; l < this.lanes; l++) this.clear(l);
    else {
      this.checkLane(lane);
      this.clear(lane);
    }
  }

  retire(lane: number): void {
    this.settle();
    this.checkLane(lane);
    this.retired[lane] = true;
    this.goTo(lane, this.at[lane]);
  }

  state(): readonly Float32Array[] {
    this.settle();
    return this.opened.convolutions.flatMap(({ floats, layout }) =>
      layout.state.map(({ at, bytes }) => floats.subarray(at / 4, (at + layout.lanes * bytes) / 4)),
    );
  }

  resume(position: number, lane?: number): void {
    this.settle();
    const { length } = this.shape;
    if (!Number.isInteger(position) || position < 0 || position > length) {
      throw new RangeError(`position: expected a whole number from 0 to ${length}, got ${position}`);
    }
    this.checkTaps(position);
    if (lane === undefined) for (let l = 0; l < this.lanes; l++) this.goTo(l, position);
    else {
      this.checkLane(lane);
      this.goTo(lane, position);
    }
  }

  tapsNeeded(known: number): number {
    return this.opened.engine.tapsNeeded(known);
  }

  setFilter(convolution: number, taps: Float32Array, first = 0): void {
    this.checkConvolution(convolution);
    const { opened, shape, filled } = this;
    const { width, length } = shape;
    if (first === 0) {
      for (let lane = 0; lane < this.lanes; lane++) this.checkUnused(lane);
    } else if (first !== filled[convolution]) {
      throw new RangeError(
        `a filter of which ${filled[convolution]} rows are set goes on there, not at ${first}`,
      );
    }
    const most = this.filterRows - first;
    // Where a filter is needed whole from the start, it comes whole.
    const least = this.tapsNeeded(0) < length ? 0 : length;
    if (taps.length % width !== 0 || taps.length < least * width || taps.length > most * width) {
      checkSize('a filter', taps, (length - first) * width, `${length - first} x ${width}`);
    }
    const rows = { rows: taps, width, length, first };
    if (opened.name === 'lazy') setLazyFilter(opened.convolutions[convolution], rows);
    else if (opened.name === 'eager') setEagerFilter(opened.convolutions[convolution], rows);
    else setTiledFilter(opened.convolutions[convolution], rows);
    filled[convolution] = first + taps.length / width;
  }

  fill(convolution: number, inputs: Float32Array, lane = 0): void {
    this.checkConvolution(convolution);
    this.checkLane(lane);
    this.checkUnused(lane);
    const count = this.rowsOf('inputs', inputs);
    this.untouched = false;
    const { engine, convolutions } = this.opened;
    this.checkTaps(count);
    const { groups, period } = convolutions[convolution].layout;
    const [from, to] = [convolution * groups, (convolution + 1) * groups];
    const positions = new Int32Array(this.lanes).fill(-1);
    const [begin, end] = [new Int32Array(this.lanes), new Int32Array(this.lanes)];
    // What a tile adds to positions that are filled later is overwritten by their inputs, or would have been.
    let stored = 0;
    for (let known = 1; known <= count; known++) {
      if (known < count && known % period !== 0 && !engine.matters(known, count)) continue;
      this.store(convolution, inputs, lane, stored, known);
      stored = known;
      positions[lane] = known - 1;
      engine.advance(positions, from, to, 0);
      [begin[lane], end[lane]] = [known - 1, known];
      engine.deferred?.run(begin, end, from, to, 0);
    }
    this.summed = false;
  }

  /** Puts the inputs of positions `from` <= t < `to`, rows of `[time, channel]`, into their slots. */
  private store(convolution: number, inputs: Float32Array, lane: number, from: number, to: number): void {
    const { floats, layout } = this.opened.convolutions[convolution];
    const { groups, slots, stride, period } = layout;
    const { width } = this.shape;
    const rows = inputs.subarray(from * width, to * width);
    for (let g = 0; g < groups; g++) {
      const at = (slots + (lane * groups + g) * stride) / 4;
      toLines(rows, width, g, floats, at + (from % period) * GROUP, to - from);
    }
  }

  addPending(convolution: number, values: Float32Array, lane = 0): void {
    this.checkConvolution(convolution);
    this.checkLane(lane);
    this.checkUnused(lane);
    const { width } = this.shape;
    const count = this.rowsOf('pending sums', values);
    this.untouched = false;
    const { floats, layout } = this.opened.convolutions[convolution];
    for (let g = 0; g < layout.groups; g++) {
      const at = (layout.slots + (lane * layout.groups + g) * layout.stride) / 4;
      const channels = Math.min(GROUP, width - g * GROUP);
      for (let t = 0; t < count; t++) {
        for (let c = 0; c < channels; c++) floats[at + t * GROUP + c] += values[t * width + g * GROUP + c];
      }
    }
    this.summed = false;
  }

  pending(out: Float32Array): void {
    this.checkStep('pending sums', out);
    const { rows, active, team } = this;
    const { width } = this.shape;
    if (!this.summed) {
      team.sums(active);
      this.summed = true;
    }
    team.join();
    for (let k = 0; k < rows.length; k++) {
      if (active[k % this.lanes] < 0) out.fill(0, k * width, (k + 1) * width);
      else out.set(rows[k], k * width);
    }
  }

  push(y: Float32Array): void {
    this.checkStep('inputs', y);
    const { opened, rows, active, team, lanes, at } = this;
    for (let lane = 0; lane < lanes; lane++) this.checkTaps(at[lane] + 1);
    const parts = this.split(y);
    team.join();
    for (let k = 0; k < rows.length; k++) rows[k].set(parts[k]);
    this.awaitDeadlines();
    this.writeAhead();
    team.step(active);
    this.summed = opened.engine.sumsAhead;
    for (let lane = 0; lane < lanes; lane++) {
      if (active[lane] >= 0) active[lane] = ++at[lane] < this.shape.length ? at[lane] : -1;
    }
    this.steps++;
    const { deferred } = opened.engine;
    if (deferred && (team.alone || this.steps % Math.min(BATCH, Math.max(1, deferred.period / 4)) === 0)) {
      this.handOver();
    }
  }

  /**
   * Keeps ahead of the deferred tiles with the first write to what they need. Outputs of those that are complete with n
   * inputs end at 3 n at most; from there on nothing has been written. None has a side of half the length.
   */
  private writeAhead(): void {
    const { opened, shape } = this;
    const known = this.at[0] + 1;
    if (!this.untouched || opened.name !== 'tiled') return;
    touchSlots(opened.convolutions, 3 * (known - 1), Math.min(3 * known, shape.length));
    touchFlights(opened.convolutions, known);
    if (2 * known >= shape.length) this.untouched = false;
  }

  /** Hands the deferred slices of all steps so far to the team. */
  private handOver(): void {
    const { at, handed, team } = this;
    const { deferred } = this.opened.engine;
    if (!deferred || handed.every((known, lane) => known === at[lane])) return;
    const { period } = deferred;
    const job = team.defer(handed, at);
    for (let lane = 0; lane < at.length; lane++) {
      // The last step whose slices are due at the next multiple of the period.
      const last = at[lane] - (at[lane] % period) + Math.ceil(period / 2) - 1;
      if (handed[lane] < last && last <= at[lane]) this.deadline[lane] = job;
      handed[lane] = at[lane];
    }
  }

  /** Waits for deferred tiles to whose outputs the step at a lane's position may add. */
  private awaitDeadlines(): void {
    const { deferred } = this.opened.engine;
    if (!deferred) return;
    for (let lane = 0; lane < this.lanes; lane++) {
      if ((this.active[lane] + 1) % deferred.period === 0) this.team.wait(this.deadline[lane]);
    }
  }

  /** Waits until nothing is under way. */
  private settle(): void {
    this.checkOpen();
    this.team.join();
    this.handOver();
    this.team.wait();
  }

  /**
   * Goes to a position as if all before it had been pushed, without doing any of the work: for measuring what a
   * single position costs. The sums are meaningless afterwards.
   */
  skipTo(position: number): void {
    this.checkOpen();
    for (let lane = 0; lane < this.lanes; lane++) this.goTo(lane, position);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.team.close();
  }

  /** The parts of `[convolution, lane, channel]`. Callers use the same array for every token, so its views are kept. */
  private split(values: Float32Array): readonly Float32Array[] {
    if (this.whole !== values) {
      const { convolutions, width } = this.shape;
      const count = convolutions * this.lanes;
      this.whole = values;
      if (count === 1) this.parts[0] = values;
      else this.parts = Array.from({ length: count }, (_, k) => values.subarray(k * width, (k + 1) * width));
    }
    return this.parts;
  }

  private checkOpen(): void {
    if (this.closed) throw new Error('the mixer is closed');
  }

  private checkConvolution(convolution: number): void {
    this.checkOpen();
    checkIndex('convolution', convolution, this.shape.convolutions);
  }

  private checkLane(lane: number): void {
    checkIndex('lane', lane, this.lanes);
  }

  private checkUnused(lane: number): void {
    if (this.at[lane] !== 0) {
      throw new RangeError(
        `filters and pending sums are set before the first push, not after ${this.at[lane]}`,
      );
    }
  }

  /** How many rows `[time, channel]` there are, at most as many as the slots that a run begins with. */
  private rowsOf(what: string, values: Float32Array): number {
    const { width, length } = this.shape;
    const most = what === 'inputs' ? length : this.opened.convolutions[0].layout.period;
    const count = values.length / width;
    if (!Number.isInteger(count) || count > most) {
      throw new RangeError(
        `${what}: expected at most ${most} rows of ${width} values, got ${values.length} values`,
      );
    }
    return count;
  }

  /** Whether there are taps for what is due once `known` inputs are known. */
  private checkTaps(known: number): void {
    const { filled, shape } = this;
    // Most of the time all are there, and a token need not know how many it takes.
    if (filled.every((rows) => rows >= shape.length)) return;
    const needed = Math.min(shape.length, this.tapsNeeded(known));
    const convolution = filled.findIndex((rows) => rows < needed);
    if (convolution < 0) return;
    throw new RangeError(
      `convolution ${convolution} has ${filled[convolution]} rows of its filter, and ${needed} are needed at position ${known - 1}`,
    );
  }

  private checkStep(what: string, values: Float32Array): void {
    this.checkOpen();
    const { convolutions, width, length } = this.shape;
    if (values.length !== convolutions * this.lanes * width) {
      const shape =
        this.lanes === 1 ? `${convolutions} x ${width}` : `${convolutions} x ${this.lanes} x ${width}`;
      checkSize(what, values, convolutions * this.lanes * width, shape);
    }
    if (this.lanes === 1 && this.at[0] >= length) {
      throw new RangeError(`all ${length} positions of the mixer are used`);
    }
  }
}

function checkIndex(what: string, index: number, count: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new RangeError(`${what}: expected 0 to ${count - 1}, got ${index}`);
  }
}

function checkSize(what: string, values: Float32Array, size: number, shape: string): void {
  if (values.length !== size) {
    throw new RangeError(`${what}: expected ${size} values (${shape}), got ${values.length}`);
  }
}

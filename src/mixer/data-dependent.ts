import type { Recipe } from './engine/index.js';
import {
  dataDependentBytes,
  type DataDependentTiles,
  lazyDataDependentBytes,
  openDataDependent,
  openLazyDataDependent,
} from './framework/index.js';
import { checkIndex, checkSize, LanePositions } from './lanes.js';
import type { Mixer } from './mixer.js';
import { type Plan, tilingOf } from './plan/index.js';
import { tileAfter, type Level } from './schedule/index.js';
import type { MixerName, MixerShape } from './shape.js';

/** By the mixers that there are: one lane, and the bytes it takes. */
const KINDS: Readonly<
  Partial<
    Record<MixerName, { readonly open: typeof openDataDependent; readonly bytes: typeof dataDependentBytes }>
  >
> = {
  tiled: { open: openDataDependent, bytes: dataDependentBytes },
  lazy: { open: openLazyDataDependent, bytes: lazyDataDependentBytes },
};

/** Bytes of a lane of so many channels. Throws a RangeError if there is no such mixer. */
export function dataDependentLaneBytes(name: MixerName, channels: number, length: number): number {
  return kindOf(name).bytes(channels, length);
}

function kindOf(name: MixerName): NonNullable<(typeof KINDS)[MixerName]> {
  const kind = KINDS[name];
  if (kind === undefined)
    throw new RangeError(`filters that depend on the data are mixed by tiled or lazy, not by ${name}`);
  return kind;
}

/**
 * Convolutions whose taps come with their inputs, by the binary tiling of each lane, or lazily: all convolutions of a lane are
 * channels side by side. Of what is pushed, `[convolution, lane, channel]`, even convolutions are inputs, and the odd one after
 * each is its taps; sums of the odd ones are 0. The model adds what the last position contributes to itself.
 *
 * It works on the thread that calls it.
 */
export class DataDependentMixer implements Mixer {
  readonly name: MixerName;
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly bytes: number;
  readonly filterRows: number;
  private readonly lanes: LanePositions;
  private readonly tiles: readonly DataDependentTiles[];
  private readonly levels: readonly Level[];
  /** One position of one lane, `[pair of convolutions, channel]`. */
  private readonly inputs: Float32Array;
  private readonly taps: Float32Array;

  constructor({ name, shape, plan, bytes }: Recipe) {
    this.name = name;
    this.shape = shape;
    this.plan = plan;
    this.bytes = bytes;
    const { convolutions, width, length, lanes = 1 } = shape;
    this.filterRows = length;
    this.lanes = new LanePositions(lanes, length);
    this.levels = tilingOf(plan);
    const channels = (convolutions / 2) * width;
    this.tiles = Array.from({ length: lanes }, () => kindOf(name).open(channels, length));
    this.inputs = new Float32Array(channels);
    this.taps = new Float32Array(channels);
  }

  get position(): number {
    return this.lanes.at[0];
  }

  positionOf(lane: number): number {
    this.lanes.check(lane);
    return this.lanes.at[lane];
  }

  setFilter(): never {
    throw new RangeError('filters that depend on the data are pushed, not set');
  }

  tapsNeeded(): number {
    return 0;
  }

  addPending(): never {
    throw new RangeError('what a prompt contributes to filters that depend on the data is pushed');
  }

  fill(convolution: number, inputs: Float32Array): never {
    checkIndex('convolution', convolution, this.shape.convolutions);
    throw new RangeError(`${inputs.length} inputs without their taps: they are pushed`);
  }

  pending(out: Float32Array): void {
    this.checkStep('pending sums', out);
    const { shape, lanes, tiles } = this;
    const { convolutions, width } = shape;
    out.fill(0);
    for (let lane = 0; lane < lanes.count; lane++) {
      if (lanes.active[lane] < 0) continue;
      const sums = tiles[lane].sums(lanes.active[lane]);
      for (let k = 0; 2 * k < convolutions; k++) {
        out.set(sums.subarray(k * width, (k + 1) * width), (2 * k * lanes.count + lane) * width);
      }
    }
  }

  push(y: Float32Array): void {
    this.checkStep('inputs', y);
    const { shape, lanes, tiles, inputs, taps, levels } = this;
    const { convolutions, width, length } = shape;
    for (let lane = 0; lane < lanes.count; lane++) {
      const position = lanes.active[lane];
      if (position < 0) continue;
      for (let k = 0; k < convolutions; k++) {
        const at = (k * lanes.count + lane) * width;
        (k % 2 === 0 ? inputs : taps).set(y.subarray(at, at + width), (k >> 1) * width);
      }
      tiles[lane].take(position, inputs, taps);
      const tile = tileAfter(position + 1, length, levels);
      if (tile !== undefined) tiles[lane].contribute(tile.inputs, tile.outputs);
    }
    lanes.advance();
  }

  reset(lane?: number): void {
    this.each(lane, (own, tiles) => {
      tiles.state.fill(0);
      tiles.changed();
      this.lanes.goTo(own, 0, false);
    });
  }

  retire(lane: number): void {
    this.lanes.goTo(lane, this.positionOf(lane), true);
  }

  /** To be followed by `resume` where it is overwritten. */
  state(): readonly Float32Array[] {
    return this.tiles.map(({ state }) => state);
  }

  resume(position: number, lane?: number): void {
    checkIndex('position', position, this.shape.length + 1);
    this.each(lane, (own, tiles) => {
      tiles.changed();
      this.lanes.goTo(own, position, false);
    });
  }

  async close(): Promise<void> {}

  private each(lane: number | undefined, visit: (lane: number, tiles: DataDependentTiles) => void): void {
    if (lane !== undefined) this.lanes.check(lane);
    this.tiles.forEach((tiles, own) => {
      if (lane === undefined || own === lane) visit(own, tiles);
    });
  }

  private checkStep(what: string, values: Float32Array): void {
    const { convolutions, width, length } = this.shape;
    const { count, at } = this.lanes;
    checkSize(what, values, convolutions * count * width, `${convolutions} x ${count} x ${width}`);
    if (count === 1 && at[0] >= length) throw new RangeError(`all ${length} positions of the mixer are used`);
  }
}

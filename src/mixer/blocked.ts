import { eagerPending, setEagerFilter } from './eager.js';
import { setLazyFilter } from './lazy.js';
import { GROUP, LINE } from './memory/blocks.js';
import type { Mixer, MixerName, MixerShape } from './mixer.js';
import type { Opened } from './open.js';
import type { Team } from './thread/team.js';
import { setTiledFilter, tiledPending, writeTables } from './tiled.js';

/** What the outside sees of every mixer: checks, positions, and rows in and out of the blocked arrays. */
export class BlockedMixer implements Mixer {
  readonly name: MixerName;
  private at = 0;
  private closed = false;
  /** The lazy mixer's row holds the sums of this position. */
  private summed = -1;
  private whole: Float32Array | undefined;
  private parts: readonly Float32Array[] = [];
  /** Each layer's row, `[group][16]`: the part of its memory that `pending` and `push` go through. */
  private readonly rows: readonly Float32Array[];

  constructor(
    readonly shape: MixerShape,
    readonly bytes: number,
    private readonly opened: Opened,
    private readonly team: Team,
  ) {
    this.name = opened.name;
    this.rows = opened.layers.map(({ floats, layout }) => {
      return floats.subarray(layout.row / 4, layout.row / 4 + shape.width);
    });
    if (opened.name === 'tiled') for (const layer of opened.layers) writeTables(layer);
    this.clear();
  }

  get position(): number {
    return this.at;
  }

  /**
   * Zeroes all that a run accumulates in. Fresh memory is zero already, but not yet there: the first touch of each
   * page takes the operating system about a microsecond, better now than in the middle of the large tiles.
   */
  private clear(): void {
    for (const { floats, layout } of this.opened.layers) {
      const { groups, row, slots, stride } = layout;
      floats.fill(0, row / 4, row / 4 + groups * GROUP);
      floats.fill(0, slots / 4, (slots + groups * stride) / 4);
      if (layout.name === 'tiled') {
        floats.fill(0, layout.scratch / 4, (layout.scratch + layout.scratchBytes) / 4);
        for (const { spectra, spectraStride } of layout.levels) {
          floats.fill(0, spectra / 4, (spectra + groups * spectraStride) / 4);
        }
      }
      if (layout.name === 'eager') floats.fill(0, layout.partial / 4, (layout.partial + groups * stride) / 4);
    }
    this.at = 0;
    this.summed = -1;
  }

  reset(): void {
    this.checkOpen();
    this.team.join();
    this.clear();
  }

  setFilter(layer: number, taps: Float32Array): void {
    this.checkSetUp(layer);
    const { opened, shape } = this;
    const { width, length } = shape;
    checkSize('a filter', taps, length * width, `${length} x ${width}`);
    if (opened.name === 'lazy') setLazyFilter(opened.layers[layer], taps, width, length);
    else if (opened.name === 'eager') setEagerFilter(opened.layers[layer], taps, width, length);
    else setTiledFilter(opened.layers[layer], taps, width, length);
  }

  addPending(layer: number, values: Float32Array): void {
    this.checkSetUp(layer);
    const { width, length } = this.shape;
    const count = values.length / width;
    if (!Number.isInteger(count) || count > length) {
      throw new RangeError(
        `pending sums: expected at most ${length} rows of ${width} values, got ${values.length} values`,
      );
    }
    const { floats, layout } = this.opened.layers[layer];
    for (let g = 0; g < layout.groups; g++) {
      const at = (layout.slots + g * layout.stride) / 4;
      const channels = Math.min(GROUP, width - g * GROUP);
      for (let t = 0; t < count; t++) {
        for (let c = 0; c < channels; c++) floats[at + t * GROUP + c] += values[t * width + g * GROUP + c];
      }
    }
    this.summed = -1;
  }

  pending(out: Float32Array): void {
    this.checkStep('pending sums', out);
    const { opened, rows, at } = this;
    const { width } = this.shape;
    if (opened.name === 'lazy' && this.summed !== at) {
      this.team.run(at);
      this.summed = at;
    }
    this.team.join();
    for (let l = 0; l < rows.length; l++) {
      if (opened.name === 'eager') eagerPending(opened.layers[l], at);
      else if (opened.name === 'tiled') tiledPending(opened.layers[l], at);
      out.set(rows[l], l * width);
    }
  }

  push(y: Float32Array): void {
    this.checkStep('inputs', y);
    const { opened, rows, at } = this;
    const parts = this.split(y);
    this.team.join();
    for (let l = 0; l < rows.length; l++) {
      rows[l].set(parts[l]);
      const { kernels, layout } = opened.layers[l];
      kernels.scatter(layout.row, layout.slots + at * LINE, layout.stride, layout.groups);
    }
    if (opened.name !== 'lazy') this.team.run(at);
    this.at++;
  }

  /**
   * Goes to a position as if all before it had been pushed, without doing any of the work: for measuring what a
   * single position costs. The sums are meaningless afterwards.
   */
  skipTo(position: number): void {
    this.checkOpen();
    this.at = position;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.team.close();
  }

  /** The layers' parts of `[layer, channel]`. Callers use the same array for every token, so its views are kept. */
  private split(values: Float32Array): readonly Float32Array[] {
    if (this.whole !== values) {
      const { layers, width } = this.shape;
      this.whole = values;
      this.parts = Array.from({ length: layers }, (_, l) => values.subarray(l * width, (l + 1) * width));
    }
    return this.parts;
  }

  private checkOpen(): void {
    if (this.closed) throw new Error('the mixer is closed');
  }

  private checkSetUp(layer: number): void {
    this.checkOpen();
    const { layers } = this.shape;
    if (!Number.isInteger(layer) || layer < 0 || layer >= layers) {
      throw new RangeError(`layer: expected 0 to ${layers - 1}, got ${layer}`);
    }
    if (this.at !== 0)
      throw new RangeError(`filters and pending sums are set before the first push, not after ${this.at}`);
  }

  private checkStep(what: string, values: Float32Array): void {
    this.checkOpen();
    const { layers, width, length } = this.shape;
    checkSize(what, values, layers * width, `${layers} x ${width}`);
    if (this.at >= length) throw new RangeError(`all ${length} positions of the mixer are used`);
  }
}

function checkSize(what: string, values: Float32Array, size: number, shape: string): void {
  if (values.length !== size) {
    throw new RangeError(`${what}: expected ${size} values (${shape}), got ${values.length}`);
  }
}

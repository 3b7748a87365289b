import { build, fit, type MixerOptions } from './create.js';
import type { Recipe } from './engine/index.js';
import { checkIndex, checkSize } from './lanes.js';
import type { Mixer } from './mixer.js';
import type { Modes } from './modes.js';
import type { Plan } from './plan/index.js';
import type { FilterKind, MixerShape } from './shape.js';

/** What a mixer of several kinds of filters holds: the shape of each kind's mixer, and by convolution its filter's kind. */
export interface KindsShape extends Omit<MixerShape, 'convolutions' | 'filter'> {
  readonly filters: readonly FilterKind[];
}

/** What `createMixerOfKinds` takes: as `createMixer`, the planner choosing for each kind. */
export interface KindsOptions extends Omit<MixerOptions, 'shape' | 'plan'> {
  readonly shape: KindsShape;
}

/**
 * Convolutions of several kinds side by side, used as one mixer: one `pending` and one `push` a position, in lanes, on threads,
 * saved and resumed. See `Mixer` for what each method does.
 */
export interface MixerOfKinds extends Omit<
  Mixer,
  'shape' | 'plan' | 'filterRows' | 'tapsNeeded' | 'addPending'
> {
  readonly shape: KindsShape;
  /** By convolution, how its tiles are computed. */
  readonly plans: readonly Plan[];
}

/** A mixer for all convolutions of one kind. */
interface Part {
  readonly mixer: Mixer;
  /** Which of all convolutions these are, ascending. */
  readonly convolutions: readonly number[];
  /** One position, `[convolution, lane, channel]` of these. */
  readonly row: Float32Array;
}

/** Makes a mixer of convolutions that differ in kind. Throws a RangeError as `createMixer` does. */
export async function createMixerOfKinds({ shape, ...options }: KindsOptions): Promise<MixerOfKinds> {
  const { filters, ...rest } = shape;
  if (filters.length === 0) throw new RangeError('filters: expected one or more, got none');
  const places = new Map<string, number[]>();
  filters.forEach((filter, k) => {
    const key = JSON.stringify(filter);
    places.set(key, [...(places.get(key) ?? []), k]);
  });
  // Those that have a choice of plans take what memory the others leave.
  const kinds = [...places.values()].sort(
    ([a], [b]) => Number(filters[a].kind === 'long') - Number(filters[b].kind === 'long'),
  );
  let left = options.memory ?? Infinity;
  const recipes = kinds.map((convolutions): Recipe => {
    const filter = filters[convolutions[0]];
    const own = { ...rest, convolutions: convolutions.length, ...(filter.kind !== 'long' && { filter }) };
    const recipe = fit({ ...options, shape: own, memory: left });
    left -= recipe.bytes;
    return recipe;
  });
  const parts: Part[] = [];
  try {
    for (const [k, recipe] of recipes.entries()) {
      const { width, lanes = 1 } = shape;
      const row = new Float32Array(kinds[k].length * lanes * width);
      parts.push({ mixer: await build(recipe), convolutions: kinds[k], row });
    }
  } catch (error) {
    await Promise.all(parts.map(({ mixer }) => mixer.close()));
    throw error;
  }
  return new OfKinds(options.name, shape, parts);
}

class OfKinds implements MixerOfKinds {
  readonly plans: readonly Plan[];
  /** By convolution: the part it is in, and which one it is there. */
  private readonly places: readonly { readonly mixer: Mixer; readonly own: number }[];

  constructor(
    readonly name: Mixer['name'],
    readonly shape: KindsShape,
    private readonly parts: readonly Part[],
  ) {
    this.places = shape.filters.map((_, convolution) => {
      const part = parts.find(({ convolutions }) => convolutions.includes(convolution)) as Part;
      return { mixer: part.mixer, own: part.convolutions.indexOf(convolution) };
    });
    this.plans = this.places.map(({ mixer }) => mixer.plan);
  }

  get position(): number {
    return this.positionOf(0);
  }

  get bytes(): number {
    return this.parts.reduce((sum, { mixer }) => sum + mixer.bytes, 0);
  }

  positionOf(lane: number): number {
    return this.parts[0].mixer.positionOf(lane);
  }

  setFilter(convolution: number, filter: Float32Array | Modes, first?: number): void {
    const { mixer, own } = this.placeOf(convolution);
    mixer.setFilter(own, filter, first);
  }

  fill(convolution: number, inputs: Float32Array, lane?: number): void {
    const { mixer, own } = this.placeOf(convolution);
    mixer.fill(own, inputs, lane);
  }

  pending(out: Float32Array): void {
    this.checkStep('pending sums', out);
    for (const { mixer, convolutions, row } of this.parts) {
      mixer.pending(row);
      const size = row.length / convolutions.length;
      convolutions.forEach((convolution, k) => {
        out.set(row.subarray(k * size, (k + 1) * size), convolution * size);
      });
    }
  }

  push(y: Float32Array): void {
    this.checkStep('inputs', y);
    for (const { mixer, convolutions, row } of this.parts) {
      const size = row.length / convolutions.length;
      convolutions.forEach((convolution, k) => {
        row.set(y.subarray(convolution * size, (convolution + 1) * size), k * size);
      });
      mixer.push(row);
    }
  }

  reset(lane?: number): void {
    for (const { mixer } of this.parts) mixer.reset(lane);
  }

  retire(lane: number): void {
    for (const { mixer } of this.parts) mixer.retire(lane);
  }

  state(): readonly Float32Array[] {
    return this.parts.flatMap(({ mixer }) => mixer.state());
  }

  resume(position: number, lane?: number): void {
    for (const { mixer } of this.parts) mixer.resume(position, lane);
  }

  async close(): Promise<void> {
    await Promise.all(this.parts.map(({ mixer }) => mixer.close()));
  }

  private placeOf(convolution: number): { readonly mixer: Mixer; readonly own: number } {
    checkIndex('convolution', convolution, this.places.length);
    return this.places[convolution];
  }

  /** Before any part has taken its share. */
  private checkStep(what: string, values: Float32Array): void {
    const { filters, width, lanes = 1 } = this.shape;
    checkSize(what, values, filters.length * lanes * width, `${filters.length} x ${lanes} x ${width}`);
  }
}

import { MIXERS, type MixerShape } from '../../src/mixer/shape.js';
import { buildOn, fit, type MixerInternals, type MixerOptions } from '../../src/mixer/create.js';
import type { Mixer } from '../../src/mixer/mixer.js';
import { SMALLEST_FFT, type LevelPlan, type Plan } from '../../src/mixer/plan/plan.js';
import { flatLevels, type Level } from '../../src/mixer/schedule/index.js';

/** Unit roundoff of float32. */
export const U = 2 ** -24;

/** The gate of every mixer. */
export function mixerGate(length: number): number {
  return 4 * U * Math.sqrt(Math.log2(2 * length));
}

/** A small seeded generator (xorshift32): tests must repeat. */
export class Random {
  private state: number;
  constructor(seed: number) {
    this.state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
    for (let k = 0; k < 8; k++) this.next();
  }
  /** Uniform in [0, 1). */
  next(): number {
    let s = this.state;
    s ^= s << 13;
    s ^= s >>> 17;
    s ^= s << 5;
    this.state = s;
    return (s >>> 0) / 2 ** 32;
  }
  /** Whole, `from` <= n <= `to`. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  pick<T>(items: readonly T[]): T {
    return items[this.int(0, items.length - 1)];
  }
  /** Float32 values uniform in [-1, 1). */
  floats(count: number): Float32Array {
    const values = new Float32Array(count);
    for (let k = 0; k < count; k++) values[k] = 2 * this.next() - 1;
    return values;
  }
}

/** |got - want| / |want|, Euclidean. NaN anywhere gives NaN, which passes no gate. */
export function relL2(got: ArrayLike<number>, want: ArrayLike<number>): number {
  let error = 0;
  let norm = 0;
  for (let k = 0; k < want.length; k++) {
    error += (got[k] - want[k]) ** 2;
    norm += want[k] ** 2;
  }
  return norm === 0 && error === 0 ? 0 : Math.sqrt(error / norm);
}

/** Inputs, filters and prompt leftovers of one run, each `[convolution]` of `[time, channel]`. */
export interface Run {
  readonly shape: MixerShape;
  readonly y: readonly Float32Array[];
  readonly taps: readonly Float32Array[];
  readonly before: readonly Float32Array[];
}

export function randomRun(shape: MixerShape, random: Random, withPending = false): Run {
  const make = (): Float32Array[] =>
    Array.from({ length: shape.convolutions }, () => random.floats(shape.length * shape.width));
  const taps = make();
  for (const filter of taps) filter.fill(NaN, 0, shape.width); // row 0 is never read
  return { shape, y: make(), taps, before: withPending ? make() : [] };
}

/** All pending sums by definition, float64, `[time, convolution, channel]`. */
export function directPending({ shape, y, taps, before }: Run): Float64Array {
  const { convolutions, width, length } = shape;
  const out = new Float64Array(length * convolutions * width);
  for (let l = 0; l < convolutions; l++) {
    const [inputs, filter] = [y[l], taps[l]];
    for (let t = 0; t < length; t++) {
      const sums = out.subarray((t * convolutions + l) * width, (t * convolutions + l + 1) * width);
      if (before.length > 0) sums.set(before[l].subarray(t * width, (t + 1) * width));
      for (let i = 0; i < t; i++) {
        for (let c = 0; c < width; c++) sums[c] += inputs[i * width + c] * filter[(t - i) * width + c];
      }
    }
  }
  return out;
}

/** Runs a mixer from start to end: all its pending sums, `[time, convolution, channel]`. */
export function runMixer(mixer: Mixer, { shape, y, taps, before }: Run): Float32Array {
  const { convolutions, width, length } = shape;
  for (let l = 0; l < convolutions; l++) {
    mixer.setFilter(l, taps[l]);
    if (before.length > 0) mixer.addPending(l, before[l]);
  }
  const out = new Float32Array(length * convolutions * width);
  const step = new Float32Array(convolutions * width);
  for (let t = 0; t < length; t++) {
    mixer.pending(out.subarray(t * convolutions * width, (t + 1) * convolutions * width));
    for (let l = 0; l < convolutions; l++) {
      step.set(y[l].subarray(t * width, (t + 1) * width), l * width);
    }
    mixer.push(step);
  }
  return out;
}

/** Words written past the end of a memory's arrays, which must survive. */
const SENTINEL = 0x7fc0dead;

/** Different floats of garbage; an odd number, so that they come to lie differently in each line. */
const GARBAGE = 9973;

/** Memory full of garbage, NaN among it; afterwards `check` finds the word before and after the arrays untouched. */
export function garbageMemory(random: Random): { internals: MixerInternals; check: () => void } {
  const memories: Int32Array[] = [];
  return {
    internals: {
      started: true,
      allocate(pages) {
        const memory = new WebAssembly.Memory({ initial: pages + 1, maximum: pages + 1, shared: true });
        const words = new Int32Array(memory.buffer);
        const floats = new Float32Array(memory.buffer);
        const garbage = Math.min(floats.length, GARBAGE);
        for (let k = 0; k < garbage; k++) floats[k] = k % 7 === 0 ? NaN : 1e9 * (random.next() - 0.5);
        // Doubled until all is full.
        for (let full = garbage; full < floats.length; full *= 2) floats.copyWithin(full, 0, full);
        words.fill(SENTINEL, 0, 16);
        words.fill(SENTINEL, pages * 16384);
        memories.push(words);
        return memory;
      },
    },
    check() {
      for (const words of memories) {
        expect(words.subarray(0, 16).every((w) => w === SENTINEL)).toBe(true);
        expect(words.subarray(-16384).every((w) => w === SENTINEL)).toBe(true);
      }
    },
  };
}

/** Any fan-outs that make blocks up to a length, whole powers of two or not. */
export function randomLevels(length: number, random: Random): Level[] {
  const levels: Level[] = [];
  for (let side = 1; side < length;) {
    const fanOut = random.pick([2, 2, 2, 3, 4, 4, 8, 16, random.int(2, 20)].filter((b) => b <= length));
    levels.push({ side, fanOut });
    side *= fanOut;
  }
  return levels;
}

/** Any implementation that can do a level's tiles. */
function randomKind({ side, fanOut }: Level, random: Random): LevelPlan {
  if (side === 1) return { kind: 'direct', side, fanOut };
  const fft = side >= SMALLEST_FFT && Number.isInteger(Math.log2(side)) && fanOut <= 8;
  // Small reference tiles are many, and each takes a long time: now and then will do.
  const others = fft ? (['fft', 'fft', 'fft'] as const) : Array.from({ length: 8 }, () => 'direct' as const);
  const kind = random.pick(['direct', ...others, 'reference'] as const);
  if (kind === 'fft') return fanOut > 2 ? { kind: 'fan', side, fanOut } : { kind, side };
  return { kind, side, fanOut };
}

/** Any levels, and any implementation that can do them. `folded`: now and then folded, which leaves no room for long prompts. */
export function randomPlan(length: number, random: Random, { folded: mayFold = false } = {}): Plan {
  const block = 2 ** random.int(4, 7);
  // Half of the plans that can be flat are.
  const flat = block < length && random.next() < 0.5;
  const half = 2 ** Math.ceil(Math.log2(length)) / 2;
  const folded = mayFold && !flat && half >= SMALLEST_FFT && random.next() < 0.5;
  const blocks = folded
    ? levelsTo(half, random)
    : flat
      ? levelsTo(block, random)
      : randomLevels(length, random);
  const levels: LevelPlan[] = [
    ...blocks.map((level) => randomKind(level, random)),
    ...(folded ? [{ kind: 'folding' as const, side: half }] : []),
    ...(flat ? flatLevels(block, length).map(({ side }) => ({ kind: 'delayed' as const, side })) : []),
  ];
  const recomputed = levels.map((level) =>
    'fanOut' in level || random.next() < 0.5 ? level : { ...level, recompute: true as const },
  );
  return { length, levels: recomputed };
}

/** Any fan-outs that make blocks of exactly a power of two. */
export function levelsTo(block: number, random: Random): Level[] {
  const levels: Level[] = [];
  for (let side = 1; side < block;) {
    const fanOut = random.pick([2, 4, 8, 16].filter((b) => b * side <= block));
    levels.push({ side, fanOut });
    side *= fanOut;
  }
  return levels;
}

/** Makes a mixer, uses it and closes it. */
export async function withMixer<T>(
  options: MixerOptions,
  use: (mixer: Mixer) => T,
  internals?: Partial<MixerInternals>,
): Promise<T> {
  const mixer = await buildOn(fit(options), {
    allocate: (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }),
    started: true,
    ...internals,
  });
  try {
    return use(mixer);
  } finally {
    await mixer.close();
  }
}

export { MIXERS };

import {
  buildOn,
  createMixer,
  fit,
  flatPlan,
  ImplicitFilters,
  type ImplicitShape,
  type Lags,
} from '../../src/mixer/index.js';
import { Random } from '../support/mixing.js';

const [LENGTH, START, PERIOD] = [3000, 1400, 16];

const SHAPE: ImplicitShape = {
  layers: 2,
  perLayer: 2,
  width: 20,
  features: 3,
  hidden: 10,
  window: true,
  shift: 0.01,
  normalized: false,
  smallest: 1e-30,
};
const ROWS = Math.ceil((7 / 3) * LENGTH);
const random = new Random(90);
const LAGS: Lags = {
  features: random.floats(3 * ROWS),
  times: Float32Array.from({ length: ROWS }, (_, t) => t / ROWS),
};
const lagsOf = (first: number, end: number): Lags => ({
  features: LAGS.features.subarray(3 * first, 3 * end),
  times: LAGS.times.subarray(first, end),
});

const weights = new Map<string, Float32Array>();
const SIZES: Record<string, number> = { 'filter.0.weight': 30, 'filter.last': 200, 'filter.decay': 20 };
function values(name: string, index: number): Float32Array {
  const key = `${name} ${index}`;
  const size = SIZES[name] ?? (name.endsWith('.weight') ? 100 : 10);
  if (!weights.has(key))
    weights.set(
      key,
      random.floats(size).map((value) => (name === 'filter.decay' ? -1 : value)),
    );
  return weights.get(key)!;
}

/** Sums of all positions, with filters whole from the start, or growing a period at a time. */
async function sums(threads: number, grow: boolean): Promise<Float32Array[]> {
  const shape = { convolutions: 4, width: 20, length: LENGTH };
  const implicit = grow ? SHAPE : undefined;
  const recipe = fit({ name: 'tiled', shape, threads, plan: flatPlan(LENGTH), implicit });
  const allocate = (pages: number): WebAssembly.Memory =>
    new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  const mixer = await buildOn(recipe, { allocate, untouched: true, started: true });
  const filters = mixer.filters ?? ImplicitFilters.alone(SHAPE);
  filters.load(values);
  const rows = Math.min(mixer.filterRows, ROWS);
  let there = grow ? START : rows;
  for (let c = 0; c < 4; c++) {
    const taps = new Float32Array(there * 20);
    filters.evaluate(c, lagsOf(0, there), taps);
    mixer.setFilter(c, taps);
  }
  const inputs = new Random(91);
  const all: Float32Array[] = [];
  for (let t = 0; t < LENGTH; t++) {
    const out = new Float32Array(80);
    mixer.pending(out);
    all.push(out);
    const end = Math.min(rows - (rows % 4), there + 40);
    if (grow && (t + 1) % PERIOD === 0 && there < end) {
      mixer.growFilters!(there, lagsOf(there, end));
      there = end;
    }
    mixer.push(inputs.floats(80));
  }
  await mixer.close();
  return all;
}

test('taps that grow are those of filters set whole, to the bit, on any number of threads', async () => {
  const whole = await sums(1, false);
  for (const threads of [1, 2, 3]) {
    const grown = await sums(threads, true);
    expect(grown.findIndex((row, t) => row.some((sum, k) => sum !== whole[t][k]))).toBe(-1);
  }
});

test('rows that are not there are not read, and what cannot be evaluated is refused', async () => {
  const shape = { convolutions: 4, width: 20, length: LENGTH };
  const plan = flatPlan(LENGTH);
  const mixer = await createMixer({ name: 'tiled', shape, plan, implicit: SHAPE });
  mixer.filters!.load(values);
  for (let c = 0; c < 4; c++) mixer.setFilter(c, new Float32Array(START * 20));
  expect(() => mixer.growFilters!(START, lagsOf(START, START + 2))).toThrow(RangeError);
  expect(() => mixer.growFilters!(START, lagsOf(START, START + 400))).toThrow(RangeError);
  expect(() => mixer.growFilters!(START + 4, lagsOf(START + 4, START + 8))).toThrow(RangeError);
  const row = new Float32Array(80);
  expect(() => {
    for (let t = 0; t < LENGTH; t++) mixer.push(row);
  }).toThrow(/rows of its filter/);
  await mixer.close();
  const normalized = { ...SHAPE, normalized: true };
  const other = await createMixer({ name: 'tiled', shape, plan, implicit: normalized });
  expect(other.growFilters).toBeUndefined();
  await other.close();
});

/** StripedHyena 1 and 2 against logits in float64 of a program of its own, on small checkpoints in the names of Evo's. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import {
  importCheckpoint,
  moduleOutput,
  quantiseBundle,
  SafetensorsFile,
} from '../../src/checkpoint/index.js';
import { Lanes } from '../../src/generation/lanes.js';
import { openModel } from '../../src/model/index.js';
import type { LanguageModel } from '../../src/model/index.js';

const DATA = join(process.env['FLASHINF_TEST_DATA'] ?? '../shared/data', 'striped-hyena');
const there = existsSync(join(DATA, 'evo2-tiny.pt'));
if (!there) console.warn(`skipped: no ${DATA}`);

interface Case {
  readonly model: LanguageModel;
  readonly ids: readonly number[];
  /** Positions that `logits` has rows of. */
  readonly rows: readonly number[];
  readonly logits: Float32Array;
  readonly hidden: Float32Array;
  readonly block: (layer: number) => Float32Array;
}

const folder = there ? mkdtempSync(join(tmpdir(), 'striped-')) : '';
const references: SafetensorsFile[] = [];
const cases = new Map<string, Case>();

beforeAll(async () => {
  if (!there) return;
  for (const [name, file, ropeScale] of [
    ['Evo 1', 'evo1-tiny.safetensors', 16],
    ['Evo 2', 'evo2-tiny.pt', 4],
  ] as const) {
    await importCheckpoint(join(DATA, file), join(folder, name), { ropeScale });
    const reference = SafetensorsFile.open(join(DATA, `${file.split('.')[0]}.reference.safetensors`));
    references.push(reference);
    const model = await openModel(join(folder, name));
    cases.set(name, {
      model,
      ids: [...reference.read('ids')],
      rows: [...reference.read('rows')],
      logits: reference.read('logits'),
      hidden: reference.read('hidden'),
      block: (layer) => reference.read(`block.${layer}`),
    });
  }
});
afterAll(async () => {
  for (const { model } of cases.values()) await model.close();
  for (const reference of references) reference.close();
  if (there) rmSync(folder, { recursive: true });
});

/** The largest difference, over the largest value. */
function error(got: Float32Array, wanted: Float32Array): number {
  expect(got.length).toBe(wanted.length);
  let [difference, most] = [0, 0];
  for (let i = 0; i < got.length; i++) {
    difference = Math.max(difference, Math.abs(got[i] - wanted[i]));
    most = Math.max(most, Math.abs(wanted[i]));
  }
  return difference / most;
}

const FLOAT32 = 2e-5;
/** Rows of 32 values, rounded to 8 bits like the weights they are multiplied with. */
const EIGHT_BITS = 0.15;

(there ? describe : describe.skip).each(['Evo 1', 'Evo 2'])('%s', (name) => {
  const own = (): Case => cases.get(name)!;

  /** Logits after the tokens so far of the reference's row `row`. */
  const wanted = ({ logits }: Case, row: number): Float32Array => logits.subarray(row * 512, (row + 1) * 512);

  test('every layer', async () => {
    const { model, ids, rows, hidden, block } = own();
    const { layers, width } = model.config.model;
    for (let layer = 1; layer <= layers.length; layer++) {
      const got: number[] = [];
      for await (const chunk of model.sequences().hidden(ids, layer)) got.push(...chunk.hidden);
      const last = layer === layers.length;
      const at = last ? rows : rows.filter((_, i) => i % 4 === 0);
      const found = Float32Array.from(at.flatMap((row) => got.slice(row * width, (row + 1) * width)));
      expect(error(found, last ? hidden : block(layer - 1))).toBeLessThan(5e-6);
    }
  });

  test('token by token', async () => {
    const given = own();
    const { model, ids, rows } = given;
    const state = model.start();
    const got: number[] = [];
    for (const [t, id] of ids.entries()) {
      const { logits } = await model.step(state, id);
      if (rows.includes(t)) got.push(...logits);
    }
    expect(error(Float32Array.from(got), given.logits)).toBeLessThan(FLOAT32);
  });

  test('goes on from a copy of a state as from the state', async () => {
    const { model, ids } = own();
    const state = model.start(1, { hidden: true });
    for (const id of ids.slice(0, 5)) await model.step(state, id);
    const copy = state.copy();
    const went = await model.step(state, ids[5]);
    const [logits, hidden] = [went.logits.slice(), went.hidden!.slice()];
    const copied = await model.step(copy, ids[5]);
    expect(copied.logits).toEqual(logits);
    expect(copied.hidden).toEqual(hidden);
  });

  test('in 8 bits', async () => {
    const given = own();
    const directory = join(folder, `${name}, 8 bits`);
    await quantiseBundle(given.model.directory, directory, { bits: 8 });
    const model = await openModel(directory);
    const chunks: Float32Array[] = [];
    for await (const { start, rows, logits } of model.logits(given.ids)) {
      for (const row of given.rows) {
        if (row >= start && row < start + rows)
          chunks.push(logits.slice(512 * (row - start), 512 * (row - start + 1)));
      }
    }
    await model.close();
    expect(error(Float32Array.from(chunks.flatMap((chunk) => [...chunk])), given.logits)).toBeLessThan(
      EIGHT_BITS,
    );
  });

  test('what modules give: the parts of a layer add up to the reference’s, and norms are those of sums of them', async () => {
    const { model, ids, rows, block } = own();
    const { layers, width } = model.config.model;
    const at = rows.filter((_, i) => i % 4 === 0);
    const of = async (module: string): Promise<Float32Array> => {
      const got: number[] = [];
      const place = moduleOutput(module, layers)!;
      for await (const { hidden } of model.sequences().hidden(ids, place)) got.push(...hidden);
      return Float32Array.from(at.flatMap((row) => got.slice(row * width, (row + 1) * width)));
    };
    const checkpoint = SafetensorsFile.open(
      join(DATA, `${name.toLowerCase().replace(' ', '')}-tiny.safetensors`),
    );
    for (const [l, { mixer }] of layers.entries()) {
      const at = `blocks.${l}`;
      const before = l === 0 ? await of('embedding_layer') : block(l - 1);
      const mixed = await of(`${at}.${mixer.kind === 'attention' ? 'inner_mha_cls' : 'out_filter_dense'}`);
      const [norm1, norm2, mlp, whole] = [
        await of(`${at}.pre_norm`),
        await of(`${at}.post_norm`),
        await of(`${at}.mlp.l3`),
        await of(at),
      ];
      const middle = before.map((value, i) => value + mixed[i]);
      const weights = (part: string): Float32Array =>
        checkpoint.read([...checkpoint.tensors.keys()].find((key) => key.endsWith(`${at}.${part}`))!);
      const normalised = (x: Float32Array, scale: Float32Array): Float32Array =>
        x.map((value, i) => {
          const row = x.subarray(i - (i % width), i - (i % width) + width);
          const square = row.reduce((sum, each) => sum + each * each, 0);
          return (scale[i % width] * value) / (Math.sqrt(square / width) + 1e-6);
        });
      expect(error(whole, block(l))).toBeLessThan(5e-6);
      expect(error(norm1, normalised(before, weights('pre_norm.scale')))).toBeLessThan(5e-6);
      expect(error(norm2, normalised(middle, weights('post_norm.scale')))).toBeLessThan(5e-6);
      expect(
        error(
          middle.map((value, i) => value + mlp[i]),
          block(l),
        ),
      ).toBeLessThan(5e-6);
    }
    checkpoint.close();
    expect(moduleOutput('blocks.99', layers)).toBeUndefined();
    expect(moduleOutput('blocks.0.inner_mha_cls', layers)).toBeUndefined();
    expect(moduleOutput('blocks.0.mlp.l1', layers)).toBeUndefined();
  });

  test('keys and values in float16: a bounded error, the same in steps, at once and from a saved state', async () => {
    const given = own();
    const { ids, rows } = given;
    const model = await openModel(given.model.directory, { keyValues: 'float16' });
    const chunks: Float32Array[] = [];
    for await (const { logits } of model.logits(ids)) chunks.push(logits.slice());
    const atOnce = Float32Array.from(chunks.flatMap((chunk) => [...chunk]));
    const reference = Float32Array.from(
      rows.flatMap((row) => [...atOnce.subarray(512 * row, 512 * (row + 1))]),
    );
    // Each key and value is off by 2^-12 of itself at most.
    const off = error(reference, given.logits);
    expect(off).toBeGreaterThan(FLOAT32);
    expect(off).toBeLessThan(1e-3);
    let state = model.start();
    for (const [t, id] of ids.entries()) {
      if (t === 150) {
        const restored = model.start();
        restored.restore(state.save());
        state = restored;
      }
      const { logits } = await model.step(state, id);
      // What differs in its last bit may be rounded to the next of two float16.
      expect(error(logits, atOnce.subarray(512 * t, 512 * (t + 1)))).toBeLessThan(1e-4);
    }
    const attention = model.config.model.layers.filter(({ mixer }) => mixer.kind === 'attention');
    const values = 2 * attention.length * model.config.model.width * 1024;
    expect(given.model.stateBytes(1000) - model.stateBytes(1000)).toBe(2 * values);
    await model.close();
  });

  test('what does not fit is refused before it is taken', async () => {
    const { model } = own();
    const free = jest.spyOn(process, 'availableMemory').mockReturnValue(model.stateBytes(500) + 1e5);
    try {
      const open = (count: number): Promise<Lanes> => Lanes.open(model, { count, length: 500 });
      await (await open(1)).close();
      await expect(open(3)).rejects.toThrow(
        /^states, keys and values of 3 times 500 tokens need \d\.\d GiB of memory, and \d\.\d GiB are free$/,
      );
      await expect(model.prefill(new Array<number>(2000).fill(65), 1)).rejects.toThrow(/of 2000 tokens need/);
      free.mockReturnValue(1000);
      await expect(openModel(model.directory)).rejects.toThrow(/^the weights need/);
    } finally {
      free.mockRestore();
    }
  });

  test.each([1, 2, 3, 7, 8, 64, 128, 129, 200])('a prompt of %i tokens, and what follows', async (length) => {
    const given = own();
    const { model, ids, rows } = given;
    const { logits, state } = await model.prefill(ids.slice(0, length), 1);
    const row = rows.indexOf(length - 1);
    if (row >= 0) expect(error(logits, wanted(given, row))).toBeLessThan(FLOAT32);
    for (let t = length; t < Math.min(length + 4, ids.length); t++) {
      const { logits } = await model.step(state, ids[t]);
      const after = rows.indexOf(t);
      if (after >= 0) expect(error(logits, wanted(given, after))).toBeLessThan(FLOAT32);
    }
  });

  test('lanes at different positions get the bits that each gets alone, and states go on from where they were', async () => {
    const { model, ids } = own();
    const { vocabulary } = model.config.model;
    const alone = model.start();
    const bits: number[][] = [];
    for (const id of ids.slice(0, 20)) bits.push([...(await model.step(alone, id)).logits]);
    const lanes = model.start(3);
    const half = model.start();
    for (const id of ids.slice(0, 9)) await model.step(half, id);
    // A state that was saved, and rows that have been another's.
    const saved = half.save();
    expect(saved.map(({ length }) => length)).toEqual(half.sizes(9));
    const restored = model.start();
    for (const id of [1, 2, 3]) await model.step(restored, id);
    restored.restore(saved);
    for (const id of ids.slice(100, 104)) await model.step(lanes, [id, id, id]);
    lanes.clearLane(0);
    lanes.copyLane(1, restored);
    for (let t = 0; t < 11; t++) {
      const { logits } = await model.step(lanes, [ids[t], ids[9 + t], 7]);
      expect([...logits.subarray(0, vocabulary)]).toEqual(bits[t]);
      expect([...logits.subarray(vocabulary, 2 * vocabulary)]).toEqual(bits[9 + t]);
    }
  });
});

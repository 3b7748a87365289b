/** StripedHyena 1 and 2 against logits in float64 of a program of its own, on small checkpoints in the names of Evo's. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importCheckpoint, quantiseBundle, SafetensorsFile } from '../../src/checkpoint/index.js';
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

/** A model whose filters come out of its steps: what it computes, by definition; and its texts as a user gets them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { type BenchReport, compareRuns } from '../../src/bench/index.js';
import { openBundle, quantiseBundle } from '../../src/bundle/index.js';
import { exportBundle } from '../../src/checkpoint/index.js';
import { computeActivations } from '../../src/evaluation/index.js';
import { openModel } from '../../src/model/index.js';
import { Random, relL2 } from '../support/mixing.js';
import { flashinf, run } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

const [LAYERS, WIDTH, VOCABULARY, EPSILON] = [2, 19, 256, 1e-5];

let folder: string;

/** Writes a model of random weights. */
async function write(name: string, ...sizes: number[]): Promise<string> {
  const directory = join(folder, name);
  const script = ['scripts/measure/random-data-dependent.js', directory, ...sizes.map(String)];
  const { code, stderr } = await run([process.execPath, ...script]);
  expect([code, stderr]).toEqual([0, '']);
  return directory;
}

beforeAll(async () => {
  folder = temporaryDirectory();
  await write('model', LAYERS, WIDTH, 512);
});

type Rows = readonly (readonly number[])[];

/** Logits of every position in float64, convolutions as double loops. */
function logitsOf(ids: readonly number[], weight: (name: string) => Float32Array): number[] {
  const [embeddings, past2, past1, shortBias] = [
    'embeddings',
    'short.past2',
    'short.past1',
    'short.bias',
  ].map(weight);
  const affine = (x: Rows, name: string): Rows => {
    const [w, b] = [weight(`${name}.weight`), weight(`${name}.bias`)];
    return x.map((row) =>
      Array.from(b, (bias, o) => row.reduce((sum, v, i) => sum + v * w[i * b.length + o], bias)),
    );
  };
  const norm = (x: Rows, name: string): Rows => {
    const [w, b] = [weight(`${name}.weight`), weight(`${name}.bias`)];
    return x.map((row) => {
      const mean = row.reduce((a, v) => a + v) / row.length;
      const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / row.length;
      return row.map((v, c) => ((v - mean) / Math.sqrt(variance + EPSILON)) * w[c] + b[c]);
    });
  };
  const add = (a: Rows, b: Rows): Rows => a.map((row, t) => row.map((v, c) => v + b[t][c]));
  const gelu = (v: number): number =>
    0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3)));
  let x: Rows = ids.map((id) => Array.from(embeddings.subarray(id * WIDTH, (id + 1) * WIDTH)));
  for (let l = 0; l < LAYERS; l++) {
    const name = `layers.${l}`;
    const p = affine(norm(x, `${name}.norm1`), `${name}.in_proj`);
    const [now, at, window] = [weight(`${name}.short.now`), l * 4 * WIDTH, weight(`${name}.window`)];
    const c = p.map((row, t) =>
      row.map(
        (v, k) =>
          v * now[k] +
          (t > 0 ? p[t - 1][k] * past1[at + k] : 0) +
          (t > 1 ? p[t - 2][k] * past2[at + k] : 0) +
          shortBias[at + k],
      ),
    );
    const mixed = c.map((row, t) =>
      Array.from({ length: WIDTH }, (_, k) => {
        let z = 0;
        for (let i = 0; i <= t; i++) {
          const tap = c[t - i][3 * WIDTH + k] * window[k] ** (t - i);
          z += c[i][WIDTH + k] * c[i][2 * WIDTH + k] * tap;
        }
        return z * row[k];
      }),
    );
    x = add(x, affine(mixed, `${name}.out_proj`));
    const hidden = affine(norm(x, `${name}.norm2`), `${name}.fc1`).map((row) => row.map(gelu));
    x = add(x, affine(hidden, `${name}.fc2`));
  }
  return norm(x, 'norm_f').flatMap((row) =>
    Array.from({ length: VOCABULARY }, (_, id) =>
      row.reduce((sum, v, c) => sum + v * embeddings[id * WIDTH + c], 0),
    ),
  );
}

test('logits are those of the definition', async () => {
  const random = new Random(131);
  // Tiles of all ways: direct and by FFT, the first of a side and later ones.
  const ids = Array.from({ length: 110 }, () => random.int(0, VOCABULARY - 1));
  const directory = join(folder, 'model');
  const bundle = openBundle(directory);
  const model = await openModel(directory);
  try {
    const { logits } = await computeActivations(model, ids);
    expect(
      relL2(
        logits,
        logitsOf(ids, (name) => bundle.weights.values(name)),
      ),
    ).toBeLessThan(1e-5);
  } finally {
    await model.close();
    bundle.close();
  }
});

test('texts are the same on threads, in parts, in a batch, and lazily; eager is refused', async () => {
  const go = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await flashinf(args, { cwd: folder });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    return stdout.toString('latin1');
  };
  // Longer than prompts of other models that are read in steps.
  const prompts = ['Once upon a time. '.repeat(5), 'x', 'The sea'];
  const text = ['generate', '-m', 'model', '--seed', '3', '--raw', '-p', prompts[0]];
  writeFileSync(
    join(folder, 'batch.jsonl'),
    prompts.map((prompt) => JSON.stringify({ prompt, seed: 3 })).join('\n'),
  );
  const [whole, threads, lazy, first, batch, cost, eager] = await Promise.all([
    go(...text, '-n', '45', '-t', '1'),
    go(...text, '-n', '45', '-t', '3'),
    go(...text, '-n', '45', '--mixer', 'lazy'),
    go(...text, '-n', '20', '-c', `${prompts[0].length + 45}`, '--save-state', 'state'),
    go('generate', '-m', 'model', '-n', '45', '--batch', 'batch.jsonl'),
    go('bench', '--step', '-m', 'model', '--len', '20', '-t', '1', '--json'),
    flashinf([...text, '--mixer', 'eager'], { cwd: folder }),
  ]);
  expect(threads).toBe(whole);
  expect(lazy).toBe(whole);
  const rest = await go('generate', '-m', 'model', '--raw', '--load-state', 'state', '-n', '25');
  expect(first + rest).toBe(whole);
  const { text: of } = JSON.parse(batch.split('\n')[0]) as { text: string };
  const decoded = (latin: string): string => Buffer.from(latin, 'latin1').toString('utf8');
  expect(decoded(of)).toBe(decoded(whole));
  expect(JSON.parse(cost)).toMatchObject({ text: { length: 20 } });
  expect(eager.code).toBe(2);
  expect(eager.stderr).toMatch(
    /^error: --mixer eager is not for filters that depend on the data: they take tiled or lazy\n/,
  );
});

test('its mixers are measured alone and in texts, at its own size; others are refused', async () => {
  const bench = (...args: string[]): ReturnType<typeof flashinf> =>
    flashinf(['bench', '-m', 'model', '--len', '100', '--samples', '4', '--budget', '2s', ...args], {
      cwd: folder,
    });
  const [measured, refused] = await Promise.all([
    bench('-t', '2', '-o', 'json'),
    bench('--mixers', 'eager,flat'),
  ]);
  expect([measured.code, measured.stderr]).toEqual([0, '']);
  const report = JSON.parse(measured.stdout.toString()) as BenchReport;
  const { filter, ...others } = report;
  const { mixing, endToEnd } = others;
  expect(filter).toBe('data-dependent');
  expect(mixing.map(({ variant }) => variant)).toEqual(['lazy', 'binary']);
  for (const { shape, agreement } of mixing) {
    expect(shape).toEqual({ convolutions: LAYERS, width: WIDTH, length: 100, lanes: 1 });
    expect(agreement.positions).toBeGreaterThan(0);
    expect(agreement.worst).toBeLessThanOrEqual(agreement.bound);
  }
  expect(endToEnd).toMatchObject({ convolutions: LAYERS, length: 100 });
  expect(endToEnd!.agreedTokens).toBeGreaterThanOrEqual(64);
  expect(endToEnd!.rows.map(({ variant, estimated }) => [variant, estimated])).toEqual([
    ['lazy', true],
    ['binary', false],
  ]);
  // It is compared with its like only.
  expect(compareRuns([report], [report], 0.05).map(({ label }) => label)).toContain(
    `data-dependent lazy ${LAYERS} x ${WIDTH} x 100 warm`,
  );
  expect(compareRuns([report], [{ ...others, endToEnd: null }], 0.05)).toEqual([]);
  const schema = JSON.parse(readFileSync('docs/bench.schema.json', 'utf8')) as object;
  const validate = new Ajv({ strict: false }).compile(schema);
  validate(report);
  expect(validate.errors).toBeNull();
  expect(refused.code).toBe(2);
  expect(refused.stderr).toBe(
    'error: filters that depend on the data are mixed by lazy and binary: --mixers takes these\n',
  );
});

test('it can be quantised, and is not exported in names that it never had', async () => {
  // Blocks of quantised weights divide the width.
  const model = await write('wide', 1, 64, 64);
  const quantised = join(folder, 'quantised');
  await quantiseBundle(model, quantised, { bits: 8 });
  const logits: Float32Array[] = [];
  for (const directory of [model, quantised]) {
    const opened = await openModel(directory);
    logits.push((await computeActivations(opened, [72, 101, 108, 108, 111])).logits);
    await opened.close();
  }
  const off = relL2(logits[1], logits[0]);
  expect(off).toBeGreaterThan(0);
  expect(off).toBeLessThan(0.05);
  expect(() => exportBundle(model, join(folder, 'out.safetensors'))).toThrow(
    'expected a model of long convolutions: no others can be exported',
  );
});

/** Bundles that are replaced while they are opened or in use: whoever has one keeps it, and nobody gets two in one. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeGraph } from '../../src/bundle/graphs.js';
import { bundleCheckpoint } from '../../src/checkpoint/index.js';
import { openBundle } from '../../src/bundle/index.js';
import { openModel } from '../../src/model/index.js';
import { loadGraph } from '../../src/model/session.js';
import { byteModel } from '../support/models.js';
import { COMMAND, flashinf, PACKAGE } from '../support/run.js';
import {
  randomIds,
  removeTemporary,
  temporaryDirectory,
  tinyBundle,
  tinyCheckpoint,
} from '../support/tiny-model.js';

afterAll(removeTemporary);

/** More tokens than are read in steps: they take the graphs that are loaded last. */
const IDS = randomIds(70, 40);

async function logitsOf(directory: string): Promise<{ id: string; logits: Float32Array }> {
  const model = await openModel(directory);
  const { logits } = await model.prefill(IDS, 0);
  await model.close();
  return { id: model.id, logits };
}

/** Replaces the bundle by one of two checkpoints, then the other, without end. */
const REPLACER = `
  const { bundleCheckpoint } = await import(process.argv[1]);
  const [, , place, ...checkpoints] = process.argv;
  for (let n = 0; ; n++) {
    await bundleCheckpoint(checkpoints[n % checkpoints.length], place);
    if (n === 0) process.stdout.write('begun');
  }`;

test('60 times a bundle is read that another process replaces: each time it is the one or the other', async () => {
  const [log, linear] = [tinyCheckpoint('log'), tinyCheckpoint('linear')];
  const known = new Map<string, Float32Array>();
  for (const time of ['log', 'linear'] as const) {
    const { id, logits } = await logitsOf(await tinyBundle(time));
    known.set(id, logits);
  }
  const place = join(temporaryDirectory(), 'bundle');
  const entry = pathToFileURL(join(PACKAGE, 'dist/checkpoint/index.js')).href;
  const replacer = spawn(
    process.execPath,
    ['--input-type=module', '-e', REPLACER, entry, place, log, linear],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const closed = once(replacer, 'close');
  try {
    await once(replacer.stdout, 'data');
    const seen = new Map<string, number>();
    for (let n = 0; n < 60; n++) {
      const { id, logits } = await logitsOf(place);
      expect(logits).toEqual(known.get(id));
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
    expect(seen.size).toBe(2);
  } finally {
    replacer.kill();
    await closed;
  }
}, 120_000);

test.each(['read into memory', 'mapped'])('weights that are %s stay what they were', async (how) => {
  const directory = await tinyBundle('log');
  const bundle = openBundle(directory, how === 'mapped' ? 0 : undefined);
  const head = async (): Promise<ArrayBuffer> => {
    const { session, runtime } = await loadGraph(
      {
        label: 'head',
        weights: bundle.weights,
        make: (table) => makeGraph(bundle.config, 'head', table, { fused: true }),
      },
      { device: 'cpu', threads: 1, prepack: false, spin: false },
    );
    const x = new runtime.Tensor('float32', new Float32Array(32).map(Math.cos), [1, 32]);
    const { logits } = await session.run({ x });
    await session.release();
    return (logits.data as Float32Array).slice().buffer;
  };

  expect(bundle.weights.directory).toBe(how === 'mapped' ? directory : undefined);
  const before = await head();
  await bundleCheckpoint(tinyCheckpoint('linear'), directory);
  expect(bundle.weights.directory).toBeUndefined();
  expect(await head()).toEqual(before);
  rmSync(directory, { recursive: true });
  expect(await head()).toEqual(before);
  bundle.close();
});

test('a model in use is none the worse for a weights file that is cut short', async () => {
  const directory = await tinyBundle('log');
  const { logits } = await logitsOf(directory);
  const model = await openModel(directory);
  truncateSync(join(directory, 'weights.safetensors'), 100);
  expect((await model.prefill(IDS, 0)).logits).toEqual(logits);
  await model.close();
});

test('a bundle that is not there for a moment is waited for, one that is not there at all is not', async () => {
  const directory = await tinyBundle('log');
  const { id } = openBundle(directory);
  // As between the two renames of a replacement.
  renameSync(directory, `${directory}.new-1`);
  const mover = spawn(process.execPath, [
    '-e',
    `setTimeout(() => require('fs').renameSync(process.argv[1] + '.new-1', process.argv[1]), 100)`,
    directory,
  ]);
  const moved = once(mover, 'close');
  expect(openBundle(directory).id).toBe(id);
  await moved;
  expect(() => openBundle(join(temporaryDirectory(), 'none'))).toThrow(/nothing there/);
});

test('a batch that is running keeps its model when the bundle is replaced', async () => {
  // One token per byte, so 256 outputs; and another model of these names and shapes.
  const [bundle, other] = [await byteModel(), await byteModel(2)];
  const args = ['generate', '-m', bundle, '--batch', '-', '--temp', '0', '-n', '8'];
  const lines = ['once', 'upon a time '.repeat(10)].map((prompt) => `${JSON.stringify({ prompt })}\n`);
  const textsOf = (out: string): string[] =>
    out.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { text: string }).text]));
  const whole = textsOf((await flashinf(args, { input: lines.join('') })).stdout.toString());

  const running = spawn(COMMAND[0], [...COMMAND.slice(1), ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  running.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const closed = once(running, 'close');
  running.stdin.write(lines[0]);
  await once(running.stdout, 'data');
  rmSync(bundle, { recursive: true });
  renameSync(other, bundle);
  running.stdin.end(lines[1]);
  await closed;
  expect(textsOf(out)).toEqual(whole);
  const afterwards = textsOf((await flashinf(args, { input: lines.join('') })).stdout.toString());
  expect(afterwards).not.toEqual(whole);
}, 60_000);

import { spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import type { Engine } from '../../src/mixer/engine/engine.js';
import type { EngineData } from '../../src/mixer/engine/build.js';
import { planFor } from '../../src/mixer/plan/planner.js';
import { makeControl, share, waitWhile } from '../../src/mixer/thread/control.js';
import { startTeam } from '../../src/mixer/thread/team.js';
import { Random, randomRun, runMixer, withMixer } from '../support/mixing.js';

test('units are dealt out completely, without overlap', () => {
  for (const units of [1, 2, 7, 100]) {
    for (const threads of [1, 2, 3, 8]) {
      let next = 0;
      for (let thread = 0; thread < threads; thread++) {
        const { from, to } = share(units, threads, thread);
        expect(from).toBe(next);
        expect(to).toBeGreaterThanOrEqual(from);
        next = to;
      }
      expect(next).toBe(units);
    }
  }
});

test('waiting ends when the word changes or the time is up', () => {
  const control = makeControl(1, 1);
  expect(waitWhile(control, 5, 1, 1000)).toBe(true);
  expect(waitWhile(control, 5, 0, 1)).toBe(false);
});

test('a notification without a change ends no wait', async () => {
  const control = makeControl(1, 1);
  const code = `
    const { workerData } = require('node:worker_threads');
    Atomics.store(workerData, 0, 1);
    for (let left = 20; left > 0; left--) {
      Atomics.wait(workerData, 6, 0, 5);
      Atomics.notify(workerData, 5);
    }`;
  const worker = new Worker(code, { eval: true, workerData: control, execArgv: [] });
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  while (Atomics.load(control, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  expect(waitWhile(control, 5, 0, 500)).toBe(false);
  await ended;
});

/** Hand-over races show only in numbers: thousands of jobs so small that threads run into one another. */
test('thousands of tiny jobs, each done exactly once', async () => {
  const random = new Random(51);
  const shape = { convolutions: 1, width: 48, length: 4000 };
  const run = randomRun(shape, random);
  const alone = await withMixer({ name: 'tiled', shape }, (mixer) => runMixer(mixer, run));
  const together = await withMixer({ name: 'tiled', shape, threads: 3 }, (mixer) => runMixer(mixer, run), {
    worthSharing: 0,
  });
  expect(Buffer.compare(Buffer.from(together.buffer), Buffer.from(alone.buffer))).toBe(0);
});

describe('a team', () => {
  const shape = { convolutions: 1, width: 64, length: 5000 };
  const data: EngineData = {
    name: 'lazy',
    shape,
    plan: planFor(shape.length),
    threads: 2,
    kernels: 'wasm',
    // Far too small: the worker's kernel reads out of bounds and traps.
    memories: [new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })],
  };
  const idle: Engine = {
    step: () => undefined,
    advance: () => undefined,
    matters: () => false,
    tapsNeeded: () => 0,
    sums: () => undefined,
    sumsAhead: false,
    flat: false,
    stepCost: () => 1e9,
    sumsCost: () => 1e9,
  };

  test('says so when a worker fails', async () => {
    const team = await startTeam(idle, data, 4, 2);
    team.sums(Int32Array.of(4000));
    expect(() => team.join()).toThrow(/a mixer thread has failed/);
    expect(() => team.sums(Int32Array.of(4001))).toThrow(/a mixer thread has failed/);
    await team.close();
  });

  test('says so when a worker cannot start', async () => {
    const broken = { ...data, kernels: 'none' as 'wasm' };
    await expect(startTeam(idle, broken, 4, 2)).rejects.toThrow(/a mixer thread has failed/);
  });

  test('does not keep the process alive', () => {
    const index = new URL('../../dist/mixer/index.js', import.meta.url).href;
    const code = `
      import { createMixer } from ${JSON.stringify(index)};
      const mixer = await createMixer({ name: 'tiled', shape: { convolutions: 1, width: 4, length: 64 }, threads: 3 });
      mixer.push(new Float32Array(4));
      console.log(mixer.position);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 });
    expect(child.stderr.toString()).toBe('');
    expect(child.stdout.toString()).toBe('1\n');
    expect(child.status).toBe(0);
  });
});

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { buildOn, fit } from '../../src/mixer/create.js';
import { flatPlan } from '../../src/mixer/plan/planner.js';
import { makeControl, waitWhile } from '../../src/webassembly/control.js';
import { share } from '../../src/mixer/thread/job-ring.js';
import { Random, randomRun, runMixer, withMixer } from '../support/mixing.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

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
  const control = makeControl(1, 8);
  expect(waitWhile(control, 5, 1, 1000)).toBe(true);
  expect(waitWhile(control, 5, 0, 1)).toBe(false);
});

test('a notification without a change ends no wait', async () => {
  const control = makeControl(1, 8);
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
  const shape = { convolutions: 1, width: 48, length: 1500 };
  const run = randomRun(shape, random);
  const alone = await withMixer({ name: 'tiled', shape }, (mixer) => runMixer(mixer, run));
  const together = await withMixer({ name: 'tiled', shape, threads: 3 }, (mixer) => runMixer(mixer, run), {
    worthSharing: 0,
  });
  expect(Buffer.compare(Buffer.from(together.buffer), Buffer.from(alone.buffer))).toBe(0);
});

const dist = (file: string): string => new URL(`../../dist/mixer/${file}`, import.meta.url).href;

/** A worker's program that is ready at once and then does `job` for each job, with `ring`, `thread` and `number` at hand. */
function program(job: string): string {
  const file = join(temporaryDirectory(), 'worker.mjs');
  writeFileSync(
    file,
    `
    import { workerData } from 'node:worker_threads';
    import { JobRing } from ${JSON.stringify(dist('thread/job-ring.js'))};
    const { recipe, control, thread } = workerData;
    const ring = new JobRing(recipe.threads, recipe.shape.lanes ?? 1, undefined, control);
    ring.done(thread, 0);
    for (let number = 1; ring.next(thread, number - 1, 0) !== null; number++) {
      ${job}
      ring.done(thread, number);
    }`,
  );
  return pathToFileURL(file).href;
}

describe('a team', () => {
  const shape = { convolutions: 2, width: 64, length: 5000 };
  const y = new Float32Array(128).fill(1);

  // The main thread waits all the while, and is deaf to events.
  test.each([
    ['throws', "if (number === 20) throw new Error('no more');", /a thread has failed: thread 1: no more/],
    ['exits', 'if (number === 20) process.exit(3);', /a thread has failed: thread 1 has ended/],
    [
      'runs out of memory',
      'if (number === 20) for (const all = []; ;) all.push(new Array(1e5).fill(number));',
      /a thread has failed: thread 1: .*memory/,
    ],
  ])('says so within seconds when a worker %s during a run', async (_, job, message) => {
    const options = { worthSharing: 0, started: true, program: program(job) };
    const allocate = (pages: number): WebAssembly.Memory =>
      new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const mixer = await buildOn(fit({ name: 'tiled', shape, threads: 2 }), { allocate, ...options });
    const push = (): void => {
      for (let t = 0; t < 100; t++) mixer.push(y);
    };
    expect(push).toThrow(message);
    // And ever after.
    expect(() => mixer.push(y)).toThrow(message);
    await mixer.close();
  });

  test('says so when a worker cannot start', async () => {
    const broken = { ...fit({ name: 'lazy', shape, threads: 2 }), kernels: 'none' as 'wasm' };
    await expect(buildOn(broken)).rejects.toThrow(/not a function/);
    const missing = dist('thread/no-such-worker.js');
    await expect(
      withMixer({ name: 'lazy', shape, threads: 2 }, () => undefined, { program: missing }),
    ).rejects.toThrow(/a thread has failed: thread 1: Cannot find module/);
  });

  test('has as much patience with a worker that is late as the process has time', async () => {
    const slow = program('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);');
    const internals = { worthSharing: 0, program: slow, patience: { looks: 3, ms: 50 } };
    await expect(
      withMixer({ name: 'tiled', shape, threads: 2 }, (mixer) => (mixer.push(y), mixer.push(y)), internals),
    ).rejects.toThrow(/thread 1 has not answered for 3 times 50 ms/);
  });

  test('goes on after it was stopped for longer than its patience', async () => {
    const slow = program('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);');
    const code = `
      import { writeSync } from 'node:fs';
      import { buildOn, fit } from ${JSON.stringify(dist('create.js'))};
      const recipe = fit({ name: 'tiled', shape: ${JSON.stringify(shape)}, threads: 2 });
      const allocate = (pages) => new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      const options = { allocate, started: true, worthSharing: 0, program: ${JSON.stringify(slow)} };
      const mixer = await buildOn(recipe, { ...options, patience: { looks: 4, ms: 300 } });
      mixer.push(new Float32Array(128));
      writeSync(1, 'waiting\\n');
      mixer.push(new Float32Array(128));
      console.log(mixer.position);
      await mixer.close();`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
    let [out, errors] = ['', ''];
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (out === '') {
        child.kill('SIGSTOP');
        setTimeout(() => child.kill('SIGCONT'), 2500);
      }
      out += text;
    });
    await once(child, 'close');
    expect({ out, errors }).toEqual({ out: 'waiting\n2\n', errors: '' });
  });

  test('closes while jobs are under way', async () => {
    const long = { convolutions: 4, width: 64, length: 40_000 };
    for (const threads of [2, 3]) {
      const plan = flatPlan(long.length);
      const mixer = await buildOn(fit({ name: 'tiled', shape: long, plan, threads }));
      const inputs = new Float32Array(256).fill(1);
      for (let c = 0; c < 4; c++) mixer.setFilter(c, new Float32Array(64 * long.length).fill(1e-3));
      // Up to just after deferred tiles have been handed over.
      for (let t = 0; t < 4096 + 16; t++) mixer.push(inputs);
      await mixer.close();
      expect(() => mixer.push(inputs)).toThrow('the mixer is closed');
    }
  });

  test('does not keep the process alive', () => {
    const code = `
      import { createMixer } from ${JSON.stringify(dist('index.js'))};
      const mixer = await createMixer({ name: 'tiled', shape: { convolutions: 1, width: 4, length: 64 }, threads: 3 });
      mixer.push(new Float32Array(4));
      console.log(mixer.position);`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { timeout: 20_000 });
    expect(child.stderr.toString()).toBe('');
    expect(child.stdout.toString()).toBe('1\n');
    expect(child.status).toBe(0);
  });
});

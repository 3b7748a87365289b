import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { byteModel } from '../support/models.js';
import { PACKAGE, run } from '../support/run.js';
import { removeTemporary } from '../support/tiny-model.js';

afterAll(removeTemporary);

const testOnLinux = process.platform === 'linux' ? test : test.skip;

testOnLinux('an iterator that is left, without its return, lets go of threads and memory', async () => {
  const program = `
    import { readFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { generate, generateMany, load } from ${JSON.stringify(pathToFileURL(join(PACKAGE, 'dist/index.js')).href)};

    const loaded = await load(${JSON.stringify(await byteModel())});
    const threads = () => Number(/Threads:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
    const options = { count: 20_000, ignoreEos: true, threads: 3 };

    /** The streams are kept, their iterators are not. */
    const streams = [];
    async function leave() {
      const stream = generate(loaded, 'once', options);
      streams.push(stream);
      await stream[Symbol.asyncIterator]().next();
      await generateMany(loaded, [{ prompt: 'a', count: 1 }, { prompt: 'b', ...options, threads: undefined }], { threads: 3 }).next();
    }
    await generate(loaded, 'once', options)[Symbol.asyncIterator]().next();
    const kept = generate(loaded, 'once', options)[Symbol.asyncIterator]();
    await kept.next();
    // A mixer's threads are started by one of them.
    let before = threads();
    for (let k = 0; k < 20; k++) {
      await sleep(100);
      before = Math.max(before, threads());
    }
    for (let k = 0; k < 5; k++) await leave();
    const most = threads();
    for (let k = 0; k < 50 && threads() > before; k++) {
      gc();
      await sleep(100);
    }
    console.log(JSON.stringify({ before, most, after: threads(), goesOn: !(await kept.next()).done }));
    await kept.return();
    await loaded.model.close();
  `;
  const { code, stdout, stderr } = await run(
    [process.execPath, '--expose-gc', '--input-type=module', '-e', program],
    {},
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { before, most, after, goesOn } = JSON.parse(String(stdout)) as Record<string, number>;
  expect(most).toBeGreaterThan(before);
  expect(after).toBeLessThanOrEqual(before);
  expect(goesOn).toBe(true);
});

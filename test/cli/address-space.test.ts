/** Batch systems limit a process's address space (`ulimit -v`), of which every WebAssembly memory takes some 10 GiB. */
import { COMMAND, run } from '../support/run.js';

const GIB = 2 ** 20;
const within = (gib: number, ...args: string[]): ReturnType<typeof run> =>
  run(['sh', '-c', `ulimit -v ${gib * GIB} && exec "$@"`, 'sh', ...COMMAND, ...args]);

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux('16 GiB are enough for a text of the shipped model, with two threads', async () => {
  const { code, stderr } = await within(16, 'generate', '-p', 'Once upon a time', '-n', '20', '-t', '2');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

onLinux('too little of it is said to be what is missing', async () => {
  const { code, stderr } = await within(8, 'generate', '-p', 'Once upon a time', '-n', '20', '-t', '1');
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^error: no room for a memory of \d+ MiB: .* 10 GiB of address space .*ulimit -v\)\n$/,
  );
});

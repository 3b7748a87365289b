import { flashinf } from '../support/run.js';

/** Runs until the first bytes are there and the reader goes away, as `| head -c 10` does. Returns how long that took, in ms. */
async function untilFirst(count: string): Promise<number> {
  const began = performance.now();
  const args = ['generate', '-p', 'Once upon a time', '-s', '1', '-n', count];
  const { code, stdout, stderr } = await flashinf(args, { closeEarly: true });
  const took = performance.now() - began;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.length).toBeGreaterThan(0);
  return took;
}

test('| head -c 10 waits for ten bytes, not for what 100,000 tokens take to prepare: at most a second more', async () => {
  const few = await untilFirst('10');
  let many = Infinity;
  // More than once, as a busy machine may take a second for anything.
  for (let attempt = 0; attempt < 3 && many - few >= 1000; attempt++) {
    many = Math.min(many, await untilFirst('100000'));
  }
  expect(many - few).toBeLessThan(1000);
});

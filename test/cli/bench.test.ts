import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import type { BenchReport } from '../../src/bench/index.js';
import { flashinf, SHIPPED } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const folder = temporaryDirectory();
afterAll(removeTemporary);

const run = flashinf(['bench', '--len', '300', '--samples', '4', '-o', 'json', '-t', '2', '--budget', '16s']);
const report = async (): Promise<BenchReport> => JSON.parse((await run).stdout.toString()) as BenchReport;

test('measures all mixers side by side, alone and in the model', async () => {
  const { code, stderr } = await run;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { mixing, endToEnd, lengths, memory, crossover } = await report();
  expect(mixing.map(({ variant, threads, estimated }) => [variant, threads, estimated])).toEqual([
    ['lazy', 1, true],
    ['eager', 1, true],
    ['binary', 1, false],
    ['fan-out', 1, false],
    ['flat', 1, false],
    ['fan-out', 2, false],
    ['flat', 2, false],
  ]);
  for (const { agreement, shape } of mixing) {
    expect(shape).toEqual({ convolutions: 1, width: 256, length: 300, lanes: 1 });
    expect(agreement.worst).toBeLessThanOrEqual(agreement.bound);
  }
  expect(lengths[0]).toMatchObject({ variant: 'lazy', shape: { length: 2 }, of: 256 });
  expect(lengths.filter(({ variant }) => variant === 'flat').map(({ shape }) => shape.length)).toEqual([
    2, 4, 8, 16, 32, 64, 128, 256,
  ]);
  expect(memory.find(({ variant, length }) => variant === 'flat' && length === 2 ** 20)).toBeDefined();
  expect(Object.keys(crossover.mixing)).toEqual(['binary', 'fan-out', 'flat']);
  expect(endToEnd!.rows.map(({ variant }) => variant)).toEqual(['lazy', 'eager', 'binary', 'flat']);
  const { model } = JSON.parse(readFileSync(join(SHIPPED, 'config.json'), 'utf8')) as {
    model: { layers: unknown[] };
  };
  expect(endToEnd).toMatchObject({ length: 300, threads: 2, convolutions: model.layers.length });
  expect(endToEnd!.agreedTokens).toBeGreaterThanOrEqual(64);
  for (const row of endToEnd!.rows) expect(row.tokensPerSecond).toBeGreaterThan(0);
  for (const { lazyMs, lazyRestMs, flatMs, flatRestMs } of endToEnd!.short) {
    expect(lazyRestMs.median).toBeLessThan(lazyMs.median);
    expect(flatRestMs.median).toBeLessThan(flatMs.median);
  }
});

test('prints what its schema says', async () => {
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync('docs/bench.schema.json', 'utf8')) as object,
  );
  validate(await report());
  expect(validate.errors).toBeNull();
  const spoilt = { ...(await report()), extra: 1 };
  expect(validate(spoilt)).toBe(false);
});

describe('compare', () => {
  /** The run with every sample of the flat mixer this many times as long, and five samples of each. */
  async function changed(name: string, times: number): Promise<string> {
    const file = join(folder, name);
    const { mixing, ...rest } = await report();
    const five = (median: number): object => {
      const samples = [0.98, 0.99, 1, 1.01, 1.02].map((share) => share * median);
      return { median, low: samples[0], high: samples[4], samples };
    };
    const rows = mixing.map((row) => ({
      ...row,
      pace: Array.from({ length: 5 }, () => ({ arithmetic: 100, memory: 100 })),
      anew: [0, 1, 2, 3, 4],
      cpuMs: new Array(5).fill(row.variant === 'flat' ? times : 1),
      coldMs: null,
      setupMs: five(row.setupMs.median),
      warmMs: five(row.warmMs.median * (row.variant === 'flat' ? times : 1)),
    }));
    writeFileSync(file, JSON.stringify({ ...rest, endToEnd: null, mixing: rows }));
    return file;
  }

  test('an unchanged program is not slower, one slower by a fifth is, and one by 3 % is let through', async () => {
    const old = await changed('old.json', 1);
    const same = await flashinf(['bench', 'compare', old, old]);
    expect(same).toMatchObject({ code: 0, stderr: '' });
    expect(same.stdout.toString()).toMatch(/\n0 slower, 0 faster, 10 the same .*, 4 not judged/);
    expect((await flashinf(['bench', 'compare', old, await changed('little.json', 1.03)])).code).toBe(0);
    const slow = await flashinf(['bench', 'compare', old, await changed('slow.json', 1.2)]);
    expect(slow).toMatchObject({ code: 1, stderr: 'error: 1 of 14 figures are slower\n' });
    expect(slow.stdout.toString()).toMatch(/\| flat 1 x 256 x 300 warm +\|.*\+20\.0% \| SLOWER \|/);
    expect(slow.stdout.toString()).toMatch(/\| flat 1 x 256 x 300 -t 2 warm +\|.*\+20\.0% \| {6}\? \|/);
  });

  test('several threads are judged by three runs of each', async () => {
    for (const [name, times] of [
      ['before', 1],
      ['after', 1.2],
    ] as const) {
      mkdirSync(join(folder, name));
      for (let k = 0; k < 3; k++) await changed(join(name, `${k}.json`), times);
    }
    const { code, stdout } = await flashinf([
      'bench',
      'compare',
      join(folder, 'before'),
      join(folder, 'after'),
    ]);
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/\| flat 1 x 256 x 300 -t 2 warm +\|.*\+20\.0% \| SLOWER \|/);
    expect(stdout.toString()).toMatch(/\n2 slower, 0 faster, 12 the same/);
  });
});

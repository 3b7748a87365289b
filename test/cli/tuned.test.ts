/** What `tune` keeps must be taken where it is promised, and must not change a text. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { flashinf } from '../support/run.js';

afterAll(removeTemporary);

/** A cache in which this machine prefers plans that no other would: blocks of 2 all the way, and direct up to side 32. */
function tunedCache(): string {
  const cache = temporaryDirectory();
  const costs = { direct: { 2: [1, 1, 1, 1, 1, 1] }, fft: { 2: [null, null, null, null, 9, 9, 1] } };
  const kept = {
    version: 1,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version.split('.')[0],
    date: new Date(0).toISOString(),
    costs,
  };
  mkdirSync(join(cache, 'flashinf'), { recursive: true });
  writeFileSync(join(cache, 'flashinf', 'costs.json'), JSON.stringify(kept));
  return cache;
}

async function run(cache: string | null, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await flashinf(args, {
    env: cache === null ? {} : { XDG_CACHE_HOME: cache },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.toString();
}

test('a text is the same to the last bit on a tuned machine', async () => {
  const cache = tunedCache();
  const text = ['generate', '-p', 'Once upon a time', '-n', '150', '-s', '3', '--jsonl', '--logprobs', '1'];
  // Of the last line, the facts of the run, the times differ.
  const tokens = async (where: string | null): Promise<string[]> =>
    (await run(where, ...text)).trimEnd().split('\n').slice(0, -1);
  const wanted = await tokens(null);
  expect(wanted).toHaveLength(150);
  expect(await tokens(cache)).toEqual(wanted);
  const levels = async (where: string | null): Promise<unknown> => {
    const plan = JSON.parse(await run(where, 'inspect', '--plan', '--json', '--len', '500')) as {
      levels: { ns: number | null }[];
    };
    return plan.levels.map((level) => ({ ...level, ns: null }));
  };
  expect(await levels(cache)).toEqual(await levels(null));
});

test('the mixers alone are planned by what was measured', async () => {
  const args = [
    'bench',
    '--no-end-to-end',
    '--len',
    '64',
    '--width',
    '8',
    '--mixers',
    'fan-out',
    '--budget',
    '1s',
    '-t',
    '1',
    '--json',
  ];
  interface Report {
    mixing: { plan: { levels: { side: number }[] } }[];
  }
  const sides = async (cache: string | null): Promise<number[]> =>
    (JSON.parse(await run(cache, ...args)) as Report).mixing[0].plan.levels.map(({ side }) => side);
  expect(await sides(tunedCache())).toEqual([1, 2, 4, 8, 16, 32]);
  expect(await sides(null)).not.toEqual([1, 2, 4, 8, 16, 32]);
});

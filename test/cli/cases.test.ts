import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from '../../src/generation/load.js';
import { generate } from '../../src/generation/text.js';
import { SPECS } from '../../src/cli/commands/index.js';
import { EXIT } from '../../src/cli/errors.js';
import { EXIT_CODES, longFlag, type OptionSpec } from '../../src/cli/options/index.js';
import { removeTemporary } from '../support/tiny-model.js';
import { CASES, type Case } from './cases/index.js';
import { makeFolder } from '../support/folder.js';
import { flashinf, type Outcome } from '../support/run.js';
import { within } from '../support/within.js';

const folder = await makeFolder();
const before = process.cwd();
process.chdir(folder); // for those that run within this process
const loaded = await load(join(folder, 'bytes'));
afterAll(async () => {
  process.chdir(before);
  await loaded.model.close();
  removeTemporary();
});

/** Written to the process's stdout as it is. */
const HELP = /^$|^help|(^| )(--help|-h|--version|-V)( |$)/;

const wordsOf = ({ line }: Case): string[] => (line === '' ? [] : line.split(' '));

/** What is about a process has one of its own; for the rest, Node would be started some hundred times for nothing. */
const hasProcess = ({ line, code = 0, readsStdin, input, env, signal, to }: Case): boolean =>
  (code !== 0 && code !== EXIT.usage) ||
  readsStdin === true ||
  [input, env, signal, to].some((of) => of !== undefined) ||
  HELP.test(line);

function titleOf({ line, input, env, signal, to, code = 0 }: Case): string {
  const before = Object.entries(env ?? {}).map(([name, value]) => `${name}=${value} `);
  const around = [input !== undefined && '< a pipe', to && `> ${to}`, signal && `and ${signal}`].filter(
    Boolean,
  );
  return [`${before.join('')}flashinf ${line}`, ...around, `: ${code}`].join(' ');
}

const titled = (cases: readonly Case[]): [string, Case][] => cases.map((each) => [titleOf(each), each]);

test.concurrent.each(titled(CASES.filter(hasProcess)))('%s', async (_title, each) => {
  const { input, env, signal, to } = each;
  const outcome = await flashinf(wordsOf(each), {
    cwd: folder,
    ...(input !== undefined && { input }),
    ...(env && { env }),
    ...(signal && { kill: signal }),
    ...(to !== undefined && { stdoutFile: to }),
  });
  await check(each, outcome);
});

test.each(titled(CASES.filter((each) => !hasProcess(each))))('%s', async (_title, each) => {
  await check(each, await within(wordsOf(each)));
});

async function check(each: Case, outcome: Outcome): Promise<void> {
  const { code = 0, stdout: wanted = '', stderr = '' } = each;
  const text = outcome.stdout.toString();
  expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({
    code,
    stderr: typeof stderr === 'string' ? stderr : (expect.stringMatching(stderr) as unknown),
  });
  if (typeof wanted === 'string') expect(text).toBe(wanted);
  else if (wanted instanceof RegExp) expect(text).toMatch(wanted);
  else if ('text' in wanted) expect(outcome.stdout.toString('hex')).toBe(await generated(wanted.text));
  else if ('json' in wanted) expect(JSON.parse(text)).toMatchObject(wanted.json);
  else {
    const lines = text.trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject(wanted.lines);
  }
  for (const [name, content] of Object.entries(each.files ?? {})) {
    expect(readFileSync(join(folder, name), 'latin1')).toMatch(content);
  }
}

/** What the library makes of it, as it would come out. */
async function generated({
  prompt = 'once',
  before = '',
  ...shape
}: Parameters<typeof generate>[2] & { prompt?: string; before?: string }): Promise<string> {
  const bytes: Uint8Array[] = [];
  const text = generate(loaded, prompt, { count: 8, seed: 1, ...shape });
  for await (const chunk of text) bytes.push(chunk.bytes);
  const all = Buffer.concat(bytes);
  return Buffer.concat([Buffer.from(before), shape.raw ? all : Buffer.from(all.toString('utf8'))]).toString(
    'hex',
  );
}

/** `-n`, `--n-predict`, `--max-tokens`. */
const spellings = (name: string, spec: OptionSpec): string[] => [
  longFlag(name, spec),
  ...(spec.aliases ?? []).map((alias) => `--${alias}`),
  ...(spec.short === undefined ? [] : [`-${spec.short}`]),
];

test.each(SPECS.map((command) => [command.name, command] as const))(
  'every option of %s, in every spelling, has a case',
  (name, { options }) => {
    const used = new Set(
      CASES.map(wordsOf)
        .filter(([command]) => command === name)
        .flatMap((words) => words.map((word) => word.replace(/=.*$/, ''))),
    );
    const wanted = Object.entries(options).flatMap(([option, spec]) => spellings(option, spec));
    expect(wanted.filter((flag) => !used.has(flag))).toEqual([]);
  },
);

test('so has every exit code, and there are enough of them', () => {
  const codes = new Set(CASES.map(({ code = 0 }) => code));
  expect([...codes].sort((a, b) => a - b)).toEqual(EXIT_CODES.map(([code]) => code));
  expect(CASES.length).toBeGreaterThanOrEqual(80);
});

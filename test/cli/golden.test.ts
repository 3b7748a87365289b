import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA } from '../support/data.js';
import { BIN, run } from '../support/run.js';

interface Result {
  readonly text: string;
  readonly begins: string;
}

/**
 * Texts, tokens and choices of the commands in `golden/commands.json`, as this program has always given them. They do
 * not depend on the processor. Whoever changes one on purpose says why, and puts what
 * `node scripts/measure/golden.js` prints into `golden/digests.json`.
 */
const digests = JSON.parse(readFileSync('test/golden/digests.json', 'utf8')) as Record<string, Result>;
const commands = JSON.parse(readFileSync('test/golden/commands.json', 'utf8')) as {
  name: string;
  needs?: string;
}[];

test('every command has a digest', () => {
  expect(Object.keys(digests)).toEqual(commands.map(({ name }) => name));
});

/** What this program gives, of all commands that can be run here. */
let results: Record<string, Result>;
beforeAll(async () => {
  const { code, stdout } = await run([process.execPath, 'scripts/measure/golden.js', '--bin', BIN]);
  expect(code).toBe(0);
  results = JSON.parse(stdout.toString()) as Record<string, Result>;
}, 180_000);

describe.each(commands)('$name', ({ name, needs }) => {
  const available = needs === undefined || existsSync(join(DATA, needs));
  (available ? test : test.skip)(available ? 'the same as ever' : `${needs} is not in ${DATA}`, () => {
    const { text, begins } = results[name];
    expect({ text, begins }).toEqual(digests[name]);
  });
});

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATA } from '../support/data.js';
import { BIN } from '../support/run.js';

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

describe.each(commands)('$name', ({ name, needs }) => {
  const available = needs === undefined || existsSync(join(DATA, needs));
  (available ? test : test.skip)(available ? 'the same as ever' : `${needs} is not in ${DATA}`, () => {
    const output = execFileSync(process.execPath, ['scripts/measure/golden.js', '--bin', BIN, name], {
      encoding: 'utf8',
    });
    const { text, begins } = (JSON.parse(output) as Record<string, Result>)[name];
    expect({ text, begins }).toEqual(digests[name]);
  });
});

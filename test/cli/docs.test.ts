import { readFileSync } from 'node:fs';
import { GENERATE } from '../../src/cli/commands/generate/spec.js';
import { SPECS } from '../../src/cli/commands/index.js';
import { manPage } from '../../src/cli/docs/man.js';
import { withOptions } from '../../src/cli/docs/readme.js';
import { byteModel } from '../support/models.js';
import { flashinf } from '../support/run.js';
import { removeTemporary } from '../support/tiny-model.js';

afterAll(removeTemporary);

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

test('the README has the options as they are: node scripts/build/docs.js', () => {
  const readme = readFileSync('README.md', 'utf8');
  // Where the model lies and how many cores there are differs between machines: defaults are given as words.
  expect(withOptions(readme)).toBe(readme);
});

test('so has the manual page', () => {
  expect(readFileSync('man/flashinf.1', 'utf8')).toBe(manPage(version));
});

test.concurrent.each([[], ...SPECS.map(({ name }) => [name])])(
  'help %s fits 80 columns',
  async (...command) => {
    const { stdout } = await flashinf([...command, '--help']);
    const lines = stdout.toString().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  },
);

test('every field of --json is in the help', async () => {
  const args = ['generate', '-m', await byteModel(), '-p', 'once', '-n', '2', '--json', '--logprobs', '1'];
  const { stdout } = await flashinf(args);
  const told = GENERATE.notes.flatMap(({ list = [] }) => list.map(([name]) => name));
  expect(told.sort()).toEqual(Object.keys(JSON.parse(stdout.toString()) as object).sort());
});

import { readFileSync } from 'node:fs';
import { manPage } from '../../src/cli/docs/man.js';
import { withOptions } from '../../src/cli/docs/readme.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

test('the README has the options as they are: node scripts/build/docs.js', () => {
  const readme = readFileSync('README.md', 'utf8');
  // Where the model lies and how many cores there are differs between machines: defaults are given as words.
  expect(withOptions(readme)).toBe(readme);
});

test('so has the manual page', () => {
  expect(readFileSync('man/flashinf.1', 'utf8')).toBe(manPage(version));
});

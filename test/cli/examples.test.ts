import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE, run } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

/** A folder from which `flashinf` is the package under test. */
const folder = temporaryDirectory();
mkdirSync(join(folder, 'node_modules'));
symlinkSync(PACKAGE, join(folder, 'node_modules', 'flashinf'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
cpSync('examples', join(folder, 'examples'), { recursive: true });
afterAll(removeTemporary);

/** The mean of inputs t - 2 ... t, for inputs t modulo 4. */
const means = Array.from({ length: 12 }, (_, t) => {
  const inputs = [t - 2, t - 1, t].filter((i) => i >= 0).map((i) => i % 4);
  return inputs.reduce((sum, y) => sum + y, 0) / inputs.length;
});

const PRINTS: Readonly<Record<string, RegExp | string>> = {
  'generate.js': /^\s*(\S+\s+){20}/,
  'kinds.js':
    /^long: 9\.9900, by .*\nwindow: 0\.6000, by .* window 16\nmodal: 9\.5000, by .* recurrence 16\n$/,
  'mixer.js': /^Float32Array\(4\) \[/,
  'moving-average.js': `it can be tiled\n${means.map((mean, t) => `${t} ${mean}\n`).join('')}`,
  'plans.js': /^after input 0: 0 \.\. to 1 \.\. 1\n[^]*ns per token/,
};

test('every example is known', () => {
  expect(readdirSync('examples').sort()).toEqual(Object.keys(PRINTS));
});

test.each(Object.entries(PRINTS))('%s runs', async (name, prints) => {
  const { code, stdout, stderr } = await run([process.execPath, join('examples', name)], { cwd: folder });
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringMatching(name === 'generate.js' ? /^limit \d+/ : /^$/) as unknown,
  });
  if (typeof prints === 'string') expect(stdout.toString()).toBe(prints);
  else expect(stdout.toString()).toMatch(prints);
});

test('the README shows examples as they are', () => {
  const shown = [...readFileSync('README.md', 'utf8').matchAll(/```js\n([\s\S]+?)```/g)].map(
    ([, code]) => code,
  );
  const files = readdirSync('examples').map((name) => readFileSync(join('examples', name), 'utf8'));
  expect(shown.length).toBeGreaterThan(0);
  for (const code of shown) expect(files.some((file) => file.endsWith(code))).toBe(true);
});

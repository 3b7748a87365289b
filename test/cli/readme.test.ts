import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SPECS } from '../../src/cli/commands/index.js';
import { longFlag } from '../../src/cli/options/index.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { PACKAGE, run } from '../support/run.js';

const readme = readFileSync('README.md', 'utf8');
const examples = [...readme.matchAll(/```js\n([\s\S]+?)```/g)].map(([, code]) => code);

/** A folder from which `flashinf` is the package under test. */
const folder = temporaryDirectory();
mkdirSync(join(folder, 'node_modules'));
symlinkSync(PACKAGE, join(folder, 'node_modules', 'flashinf'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
afterAll(removeTemporary);

/** What each prints, in the README's order. */
const PRINTS = [/^\s*(\S+\s+){20}/, /^Float32Array\(4\) \[/];

test.each(PRINTS.map((prints, k) => [k + 1, prints] as const))(
  'example %i runs as printed',
  async (k, prints) => {
    expect(examples).toHaveLength(PRINTS.length);
    const { code, stdout, stderr } = await run(
      [process.execPath, '--input-type=module', '-e', examples[k - 1]],
      {
        cwd: folder,
      },
    );
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringMatching(k === 1 ? /^limit \d+/ : /^$/) as unknown,
    });
    expect(stdout.toString()).toMatch(prints);
  },
);

test('the examples are right in the eyes of TypeScript', async () => {
  const files = examples.map((code, k) => {
    const file = join(folder, `example-${k}.ts`);
    writeFileSync(file, code);
    return file;
  });
  const require = createRequire(import.meta.url);
  const compiler = require.resolve('typescript/bin/tsc');
  const types = dirname(dirname(require.resolve('@types/node/package.json')));
  const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2022'];
  const { code, stdout } = await run(
    [process.execPath, compiler, ...options, '--typeRoots', types, '--types', 'node', ...files],
    { cwd: folder },
  );
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 0, stdout: '' });
});

test('every option the README names exists', () => {
  const known = new Set(
    SPECS.flatMap(({ options }) =>
      Object.entries(options).flatMap(([name, spec]) => [
        longFlag(name, spec),
        ...(spec.aliases ?? []).map((alias) => `--${alias}`),
      ]),
    ).concat('--help'),
  );
  for (const [line] of readme.matchAll(
    /^.*flashinf (?:generate|bench|eval|inspect|tokenize|import|export) .*$/gm,
  )) {
    const [, ours] = line.split(/(?=flashinf )/);
    for (const [option] of (ours ?? line).matchAll(/(?<=\s)--[a-z][a-z-]+/g))
      expect([...known]).toContain(option);
  }
});

import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGE, run } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

test('the example of docs/framework.md runs, and all its schedules agree', async () => {
  const [, example] = /```js\n([\s\S]+?)```/.exec(
    readFileSync('docs/framework.md', 'utf8'),
  ) as unknown as string[];
  // A folder from which `flashinf` is the package under test.
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(PACKAGE, join(folder, 'node_modules', 'flashinf'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { code, stdout, stderr } = await run([process.execPath, '--input-type=module', '-e', example], {
    cwd: folder,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [checked, ...runs] = stdout.toString().trim().split('\n');
  expect(checked).toBe('no counterexample');
  const outputs = runs.map((line) => line.replace(/^\w+ +/, ''));
  expect(outputs).toHaveLength(3);
  expect(new Set(outputs).size).toBe(1);
  expect(outputs[0]).toMatch(/^(\d+\.\d{3} ?){8}$/);
});

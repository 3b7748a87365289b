import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const readme = readFileSync('README.md', 'utf8');

test('the README’s library example runs as printed', () => {
  const example = /```js\n([\s\S]+?)```/.exec(readme);
  expect(example).not.toBeNull();
  const stdout = execFileSync(process.execPath, ['--input-type=module', '-e', example![1]], {
    encoding: 'utf8',
  });
  expect(stdout.split(/\s+/).length).toBeGreaterThan(20);
});

test('every option the README names exists', () => {
  const commands = ['generate', 'bench', 'eval', 'inspect'];
  const help = commands.map((command) =>
    execFileSync(process.execPath, ['bin/flashinf.js', command, '--help'], { encoding: 'utf8' }),
  );
  const known = new Set(help.join('\n').match(/--[a-z][a-z-]+/g));
  for (const line of readme.match(/^.*flashinf (?:generate|bench|eval|inspect).*$/gm) ?? []) {
    for (const option of line.match(/(?<=\s)--[a-z][a-z-]+/g) ?? []) expect([...known]).toContain(option);
  }
});

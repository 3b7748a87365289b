// Plants faults, one at a time, in a copy of this project, and shows which tests notice:
//
//   npm run build && node scripts/faults/run.js [PART OF A NAME]
//
// Exits with 1 if a fault goes unnoticed, or if the tests fail without one.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { bundle } from '../build/bundle.js';
import { FAULTS } from './faults.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Everything that git tracks or would, and what is built from it. Returns the copy's place. */
function copy() {
  const place = mkdtempSync(join(tmpdir(), 'flashinf-faults-'));
  const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  for (const file of listed.split('\n').filter((name) => name !== '' && name !== 'node_modules')) {
    mkdirSync(join(place, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(place, file));
  }
  cpSync(join(ROOT, 'dist'), join(place, 'dist'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(place, 'node_modules'));
  return place;
}

/** Writes a source file, and what it compiles to: the command line and the worker threads run that. */
async function write(place, file, text) {
  writeFileSync(join(place, file), text);
  const { code } = transformSync(text, {
    filename: file,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  writeFileSync(join(place, file.replace(/^src\//, 'dist/').replace(/\.ts$/, '.js')), code);
  await bundle(place);
}

/** Whether the tests pass, and the first that does not. */
function test(place, tests) {
  const jest = ['--no-warnings', '--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const { status, stderr } = spawnSync(process.execPath, [...jest, '--bail', ...tests], {
    cwd: place,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const [, first = stderr.trim().split('\n').at(-1)] = /● (.*)/.exec(stderr) ?? [];
  return { passed: status === 0, first };
}

const wanted = FAULTS.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const place = copy();
let unnoticed = 0;
try {
  const sound = test(place, [...new Set(wanted.flatMap(({ tests }) => tests))]);
  if (!sound.passed) throw new Error(`without a fault, this fails: ${sound.first}`);
  for (const { name, file, from, to, tests } of wanted) {
    const source = readFileSync(join(ROOT, file), 'utf8');
    if (source.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold its place once`);
    await write(
      place,
      file,
      source.replace(from, () => to),
    );
    const { passed, first } = test(place, tests);
    if (passed) unnoticed++;
    console.log(`${passed ? 'UNNOTICED' : 'caught   '}  ${name}${passed ? '' : `\n           by ${first}`}`);
    await write(place, file, source);
  }
  console.log(`${wanted.length - unnoticed} of ${wanted.length} faults caught`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
process.exitCode = unnoticed === 0 ? 0 : 1;

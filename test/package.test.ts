import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { COMMAND, PACKAGE, run } from './support/run.js';

interface Manifest {
  readonly man: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly bundleDependencies: readonly string[];
}

const manifest = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8')) as Manifest;

interface Locked {
  readonly dev?: boolean;
  readonly name?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
}

/** What users of the package get: everything in the lock file but what development needs. */
const locked = Object.entries(
  (JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, Locked> }).packages,
).filter(([path, { dev }]) => path !== '' && !dev);

test('npm links what the package names: a list of man pages, a program', () => {
  // npm 10 and 11 link the man pages of a list, and ignore a single name.
  for (const page of manifest.man) expect(existsSync(join(PACKAGE, page))).toBe(true);
  expect(manifest.man).toHaveLength(1);
  expect(existsSync(join(PACKAGE, manifest.bin['flashinf']))).toBe(true);
});

test('installing it runs no script of ours', () => {
  // npm 11.19 and later warn of each, and npm 12 runs none.
  expect(Object.keys(manifest.scripts)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(pre|post)?(install|prepare)$/)]),
  );
});

test('every dependency has a licence, and one alone an install script', () => {
  for (const [path, { license }] of locked) expect([path, license]).toEqual([path, expect.any(String)]);
  const scripts = locked.filter(([, { hasInstallScript }]) => hasInstallScript);
  expect(scripts.map(([path]) => path)).toEqual(['node_modules/onnxruntime-node']);
});

test('ndarray-fft comes without the build tools that its manifest asks for', () => {
  // cwise, which it never loads, would bring 58 packages, among them minimist and static-eval with known advisories. It
  // is overridden; as overrides are the root package's alone, users get the two libraries in the tarball.
  const { name } = locked.find(([path]) => path.endsWith('/cwise'))![1];
  expect(name).toBe('cwise-compiler');
  expect(locked.filter(([path]) => /\/(minimist|static-eval|static-module|uglify-js)$/.test(path))).toEqual(
    [],
  );
  expect(manifest.bundleDependencies).toEqual(['ndarray', 'ndarray-fft']);
});

test('generating compiles no code from strings', async () => {
  const [node, ...bin] = COMMAND;
  const outcome = await run([
    node,
    '--disallow-code-generation-from-strings',
    ...bin,
    ...['generate', '-p', 'hi', '-n', '4', '-s', '1'],
  ]);
  expect(outcome).toMatchObject({ code: 0, stderr: '' });
  expect(outcome.stdout.length).toBeGreaterThan(3);
});

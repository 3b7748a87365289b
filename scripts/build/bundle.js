/**
 * Makes one file of each program that Node starts, the command line and the threads that it starts: to find and read some 250
 * small modules takes Node longer than to load the model.
 *
 * From dist/ to dist/. The packages that this one depends on stay what they are.
 */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Inputs by outputs, which are two folders deep, as src/webassembly/built.ts needs it. */
const PROGRAMS = {
  'cli/flashinf': 'cli/main.js',
  'bundle/checking': 'bundle/check-thread.js',
  'dense/multiplying': 'dense/worker.js',
  'mixer/worker': 'mixer/thread/worker.js',
  'webassembly/supervising': 'webassembly/supervisor.js',
};

/** @param {string} root the package's folder, with what TypeScript has made in dist/ */
export async function bundle(root) {
  const dist = join(root, 'dist');
  await build({
    entryPoints: Object.entries(PROGRAMS).map(([out, entry]) => ({ out, in: join(dist, entry) })),
    outdir: dist,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await bundle(fileURLToPath(new URL('../..', import.meta.url)));
}

import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { removeTemporary, temporaryDirectory } from './support/tiny-model.js';

afterAll(removeTemporary);

/** What the check of imports in `npm run lint` says of a program of these files: its text, or '' if it finds nothing. */
function findings(files: Readonly<Record<string, string>>): string {
  const cwd = temporaryDirectory();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(cwd, dirname(name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
      ...['src', '--config', resolve('.dependency-cruiser.js'), '--output-type', 'err'],
    ],
    { cwd, encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  return status === 0 ? '' : stdout;
}

const HOUSE = {
  'src/text/index.ts': "export { b } from './bpe.js';",
  'src/text/bpe.ts': 'export const b = 1;',
  'src/model/index.ts': "import { b } from '../text/index.js'; export const m = b;",
  'src/mixer/index.ts': "export { e } from './engine/index.js';",
  'src/mixer/shape.ts': 'export const w = 1;',
  'src/mixer/engine/index.ts':
    "import { w } from '../shape.js'; import { s } from '../schedule/index.js'; export const e = s + w;",
  'src/mixer/schedule/index.ts': 'export const s = 1;',
  'src/mixer/schedule/flat.ts': 'export const f = 1;',
};

test('imports that run down, into an index, are right', () => {
  expect(findings(HOUSE)).toBe('');
});

/** What is wrong, where, what is there, and the rule against it. */
const FAULTS: readonly (readonly [what: string, file: string, text: string, rule: string])[] = [
  [
    'the schedule imports the engine',
    'src/mixer/schedule/late.ts',
    "import { e } from '../engine/index.js'; export const l = e;",
    'schedule imports down only',
  ],
  [
    'the ONNX writer imports a model, if only a type',
    'src/onnx/graph.ts',
    "import type { m } from '../model/index.js'; export type G = typeof m;",
    'onnx imports down only',
  ],
  [
    'a room of the mixer imports its face',
    'src/mixer/kernel/wasm.ts',
    "import { e } from '../index.js'; export const k = e;",
    'kernel imports down only',
  ],
  [
    'a file reaches past the index of a folder',
    'src/generation/text.ts',
    "import { b } from '../text/bpe.js'; export const t = b;",
    'a folder is entered by its index',
  ],
  [
    'a file reaches past the index of a room of the mixer',
    'src/mixer/engine/tiled.ts',
    "import { f } from '../schedule/flat.js'; export const t = f;",
    'a folder of the mixer is entered by its index',
  ],
  [
    'two files import each other',
    'src/text/bytes.ts',
    "import { c } from './characters.js'; export const y = (): number => c;",
    'no circles',
  ],
];

test('imports that do not are errors, each by its rule', () => {
  const faulty = Object.fromEntries(FAULTS.map(([, file, text]) => [file, text]));
  const other = { 'src/text/characters.ts': "import { y } from './bytes.js'; export const c = y();" };
  const lines = findings({ ...HOUSE, ...other, ...faulty }).split('\n');
  for (const [what, file, , rule] of FAULTS) {
    expect([what, lines.some((line) => line.includes(`${rule}: ${file} → `))]).toEqual([what, true]);
  }
});

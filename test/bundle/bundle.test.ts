/** Broken bundles: each ends in a BundleError of one line that names the file. */
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { bundleCheckpoint } from '../../src/checkpoint/index.js';
import { BundleError, openBundle, openModel } from '../../src/model/index.js';
import { removeTemporary, temporaryDirectory, tinyBundle, tinyCheckpoint } from '../support/tiny-model.js';

let good: string;

beforeAll(async () => {
  good = await tinyBundle('log');
});
afterAll(removeTemporary);

interface RawConfig {
  format: Record<string, unknown>;
  model: Record<string, unknown>;
  filter: Record<string, unknown>;
  tokenizer: Record<string, unknown>;
  files: Record<string, unknown>;
  [field: string]: unknown;
}

/** A copy of the good bundle with one thing wrong. */
function broken(damage: (directory: string) => void): string {
  const directory = join(temporaryDirectory(), 'bundle');
  cpSync(good, directory, { recursive: true });
  damage(directory);
  return directory;
}

/** A copy whose config is edited. */
function edited(edit: (config: RawConfig) => void): string {
  return broken((directory) => {
    const file = join(directory, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as RawConfig;
    edit(config);
    writeFileSync(file, JSON.stringify(config));
  });
}

/** A copy whose config is replaced, text for text. */
function replaced(from: string | RegExp, to: string): string {
  return broken((directory) => {
    const file = join(directory, 'config.json');
    const text = readFileSync(file, 'utf8');
    const changed = text.replace(from, to);
    expect(changed).not.toBe(text);
    writeFileSync(file, changed);
  });
}

async function problem(directory: string): Promise<BundleError> {
  const error = await openModel(directory).then(
    (model) => model.close().then(() => undefined),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BundleError);
  const { message } = error as BundleError;
  expect(message).not.toMatch(/[\r\n]/);
  expect(message).toMatch(/expected .*, got /);
  return error as BundleError;
}

test('a good bundle opens, also through a link to its directory', async () => {
  const link = join(temporaryDirectory(), 'link');
  symlinkSync(good, link);
  const model = await openModel(link);
  expect(model.directory).toBe(link);
  await model.close();
});

test('hard links are what package managers make, and open', () => {
  const directory = broken((copy) => {
    rmSync(join(copy, 'head.onnx'));
    linkSync(join(good, 'head.onnx'), join(copy, 'head.onnx'));
  });
  expect(openBundle(directory).config.name).toBe('tiny');
});

test('the id follows the content and nothing else', async () => {
  const { id } = openBundle(good);
  expect(openBundle(replaced('"name": "tiny"', '"name": "other"')).id).toBe(id);
  const other = join(temporaryDirectory(), 'bundle');
  await bundleCheckpoint(tinyCheckpoint('linear'), other);
  expect(openBundle(other).id).not.toBe(id);
});

describe('files', () => {
  test.each([
    ['nothing', (d: string) => rmSync(d, { recursive: true }), /nothing there/],
    [
      'a file in place of the directory',
      (d: string) => {
        rmSync(d, { recursive: true });
        writeFileSync(d, '');
      },
      /a file/,
    ],
    ['no config', (d: string) => rmSync(join(d, 'config.json')), /config\.json: .*nothing there/],
    ['no weights', (d: string) => rmSync(join(d, 'weights.bin')), /weights\.bin: .*nothing there/],
    ['no graph of a late block', (d: string) => rmSync(join(d, 'block2.onnx')), /block2\.onnx/],
    ['weights cut short', (d: string) => truncateSync(join(d, 'weights.bin'), 1000), /bytes, got 1000$/],
    ['trailing bytes', (d: string) => appendFileSync(join(d, 'weights.bin'), 'x'), /weights\.bin: .*bytes/],
    ['an empty graph', (d: string) => truncateSync(join(d, 'step.onnx'), 0), /step\.onnx: .*got 0$/],
    [
      'one bit flipped',
      (d: string) => {
        const bytes = readFileSync(join(d, 'weights.bin'));
        bytes[777] ^= 1;
        writeFileSync(join(d, 'weights.bin'), bytes);
      },
      /weights\.bin: sha256/,
    ],
    [
      'a symbolic link to the very same content',
      (d: string) => {
        rmSync(join(d, 'weights.bin'));
        symlinkSync(join(good, 'weights.bin'), join(d, 'weights.bin'));
      },
      /a symbolic link/,
    ],
    [
      'a symbolic link inside the bundle',
      (d: string) => {
        renameSync(join(d, 'head.onnx'), join(d, 'elsewhere'));
        symlinkSync('elsewhere', join(d, 'head.onnx'));
      },
      /a symbolic link/,
    ],
    [
      'a directory in place of a file',
      (d: string) => {
        rmSync(join(d, 'head.onnx'));
        mkdirSync(join(d, 'head.onnx'));
      },
      /head\.onnx: expected a regular file, got a directory/,
    ],
    [
      'a pipe, which must not hang',
      (d: string) => {
        rmSync(join(d, 'head.onnx'));
        execFileSync('mkfifo', [join(d, 'head.onnx')]);
      },
      /head\.onnx: expected a regular file/,
    ],
  ])('%s', async (_, damage, message) => {
    expect((await problem(broken(damage))).message).toMatch(message);
  });
});

describe('config text', () => {
  test.each([
    ['empty', '', /end of the text/],
    ['not JSON', '<html>', /config\.json: character 0/],
    ['a list', '[]', /expected an object, got a list/],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), /not UTF-8/],
    ['a byte order mark', '\ufeff{}', /character 0/],
    ['a line break in a key', '{"\\n": 1, "\\n": 2}', /each key once/],
  ])('%s', async (_, text, message) => {
    const directory = broken((d) => writeFileSync(join(d, 'config.json'), text));
    expect((await problem(directory)).message).toMatch(message);
  });

  test.each([
    ['a key twice', '"layers": 2', '"layers": 2, "layers": 2', /each key once/],
    ['-0', '"layers": 2', '"layers": -0', /model\.layers: .*got -0/],
    ['a fraction', '"layers": 2', '"layers": 2.5', /model\.layers/],
    ['infinity', '"shift": 0.05', '"shift": 1e400', /1e400/],
    ['NaN', '"shift": 0.05', '"shift": NaN', /a value/],
    ['past 2^53', '"context": 4096', '"context": 9007199254740993', /9007199254740993/],
    ['a huge count', '"layers": 2', '"layers": 1000000', /from 1 to 1024/],
    ['a file twice', '"files": {', '"files": {"head.onnx": {}, "head.onnx": {},', /each key once/],
  ])('%s', async (_, from, to, message) => {
    expect((await problem(replaced(from, to))).message).toMatch(message);
  });

  test('a config too large to be one', async () => {
    const directory = broken((d) => writeFileSync(join(d, 'config.json'), ' '.repeat(1 << 21)));
    expect((await problem(directory)).message).toMatch(/at most/);
  });
});

describe('config fields', () => {
  const escape = { bytes: 1, sha256: '0'.repeat(64) };
  test.each<[string, (config: RawConfig) => void, RegExp]>([
    ['another format', (c) => (c.format.name = 'gguf'), /format\.name/],
    ['another version', (c) => (c.format.version = 2), /format\.version: expected 1, got 2/],
    ['an unknown field', (c) => (c.model.experts = 8), /model\.experts: expected no such field/],
    ['a missing field', (c) => delete c.model.width, /model\.width: expected a value, got none/],
    ['a missing object', (c) => delete c.provenance, /provenance/],
    ['text for a number', (c) => (c.model.width = '32'), /model\.width/],
    ['a negative size', (c) => (c.model.inner = -48), /model\.inner/],
    ['order 1', (c) => (c.model.order = 1), /model\.order: expected an integer from 2 to 16, got 1/],
    ['order 3, unlike the graph', (c) => (c.model.order = 3), /pending: expected \[4, \?, 32\], got \[2/],
    ['an even number of features', (c) => (c.filter.features = 8), /an odd number/],
    ['another time', (c) => (c.filter.time = 'square'), /"linear" or "log", got "square"/],
    ['a name with a line break', (c) => (c.name = 'a\nb'), /name/],
    ['a BPE tokenizer without a file', (c) => (c.tokenizer = { kind: 'bpe' }), /tokenizer\.file/],
    [
      'a tokenizer outside',
      (c) => (c.tokenizer = { kind: 'bpe', file: '../tokenizer.json' }),
      /a plain file name, got "\.\.\/tokenizer\.json"/,
    ],
    [
      'a tokenizer that is not among the files',
      (c) => (c.tokenizer = { kind: 'bpe', file: 'tokenizer.json' }),
      /an entry for tokenizer\.json/,
    ],
    ['a parent path', (c) => (c.files['../weights.bin'] = escape), /a plain file name/],
    ['an absolute path', (c) => (c.files['/etc/passwd'] = escape), /a plain file name/],
    ['a path with a backslash', (c) => (c.files['a\\b'] = escape), /a plain file name/],
    ['a hidden file', (c) => (c.files['.bashrc'] = escape), /a plain file name/],
    ['a file not listed', (c) => delete c.files['head.onnx'], /an entry for head\.onnx/],
    ['a hash that is none', (c) => (c.files['head.onnx'] = { bytes: 1, sha256: 'x' }), /sha256/],
    ['a size of null', (c) => (c.files['head.onnx'] = { bytes: null, sha256: escape.sha256 }), /bytes/],
  ])('%s', async (_, edit, message) => {
    expect((await problem(edited(edit))).message).toMatch(message);
  });

  test('a key named __proto__ is a key like any other', async () => {
    expect((await problem(replaced('"files": {', '"files": {"__proto__": {},'))).message).toMatch(
      /files.*__proto__.*a plain file name/,
    );
    const directory = replaced('"provenance": {', '"provenance": {"__proto__": {"x": 1},');
    expect(Object.keys(openBundle(directory).config.provenance)).toContain('__proto__');
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test.each<[string, (config: RawConfig) => void, RegExp]>([
    ['width', (c) => (c.model.width = 33), /step\.onnx: pending: expected \[2, \?, 33\], got \[2, \?, 32\]/],
    ['vocabulary', (c) => (c.model.vocabulary = 41), /step\.onnx: logits: expected \[1, \?, 41\]/],
  ])('dimensions unlike the graphs: %s', async (_, edit, message) => {
    expect((await problem(edited(edit))).message).toMatch(message);
  });

  test('more layers than graphs', async () => {
    expect((await problem(edited((c) => (c.model.layers = 3)))).message).toMatch(/an entry for block3\.onnx/);
  });

  test('a graph that is none, its hash notwithstanding', async () => {
    const directory = edited((c) => {
      c.files['step.onnx'] = {
        bytes: 5,
        sha256: '486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7',
      };
    });
    writeFileSync(join(directory, 'step.onnx'), 'world');
    expect((await problem(directory)).message).toMatch(/step\.onnx: expected a graph that loads/);
  });
});

describe('writing', () => {
  test('replaces a bundle, and leaves nothing beside it', async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, 'bundle');
    await bundleCheckpoint(tinyCheckpoint('linear'), directory);
    await bundleCheckpoint(tinyCheckpoint('log'), directory);
    expect(readdirSync(parent)).toEqual(['bundle']);
    expect(openBundle(directory).id).toBe(openBundle(good).id);
  });

  test.each<[string, (directory: string) => string, RegExp]>([
    ['something else', () => temporaryDirectory(), /is not a bundle/],
    ['a checkpoint', () => tinyCheckpoint('log'), /is not a bundle/],
    ['a bundle and something else', (copy) => copy, /is a bundle that also holds thesis\.tex/],
  ])('does not replace %s', async (_, make, message) => {
    const directory = make(broken(() => {}));
    writeFileSync(join(directory, 'thesis.tex'), 'mine');
    const before = readdirSync(directory);
    await expect(bundleCheckpoint(tinyCheckpoint('log'), directory)).rejects.toThrow(message);
    expect(readdirSync(directory)).toEqual(before);
  });

  test('the tokenizer comes along', async () => {
    const checkpoint = tinyCheckpoint('log');
    writeFileSync(join(checkpoint, 'tokenizer.json'), '{"model": {}}');
    const directory = join(temporaryDirectory(), 'bundle');
    await bundleCheckpoint(checkpoint, directory);
    expect(openBundle(directory).config.tokenizer).toEqual({ kind: 'bpe', file: 'tokenizer.json' });
    expect(readFileSync(join(directory, 'tokenizer.json'), 'utf8')).toBe('{"model": {}}');
  });
});

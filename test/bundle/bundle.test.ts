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
import { createHash } from 'node:crypto';
import { identify } from '../../src/bundle/config.js';
import { bundleCheckpoint } from '../../src/checkpoint/index.js';
import { openBundle, type BundleConfig } from '../../src/bundle/index.js';
import { BundleError } from '../../src/format/index.js';
import { openModel } from '../../src/model/index.js';
import { removeTemporary, temporaryDirectory, tinyBundle, tinyCheckpoint } from '../support/tiny-model.js';

let good: string;

beforeAll(async () => {
  good = await tinyBundle('log');
});
afterAll(removeTemporary);

interface RawConfig {
  id: string;
  format: Record<string, unknown>;
  model: Record<string, unknown> & {
    layers: { mixer: Record<string, unknown>; mlp: Record<string, unknown> }[];
    norm: Record<string, unknown>;
  };
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

/** Hashes and id made anew, so that they fit whatever is in the directory. */
function sealed(directory: string): string {
  const file = join(directory, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as RawConfig;
  const bytes = readFileSync(join(directory, 'weights.safetensors'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  config.files['weights.safetensors'] = { bytes: bytes.length, sha256 };
  config.id = identify(config as unknown as BundleConfig);
  writeFileSync(file, JSON.stringify(config));
  return directory;
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
    rmSync(join(copy, 'weights.safetensors'));
    linkSync(join(good, 'weights.safetensors'), join(copy, 'weights.safetensors'));
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
    [
      'no weights',
      (d: string) => rmSync(join(d, 'weights.safetensors')),
      /weights\.safetensors: .*nothing there/,
    ],
    [
      'weights cut short',
      (d: string) => truncateSync(join(d, 'weights.safetensors'), 1000),
      /bytes, got 1000$/,
    ],
    [
      'trailing bytes',
      (d: string) => appendFileSync(join(d, 'weights.safetensors'), 'x'),
      /weights\.safetensors: .*bytes/,
    ],
    [
      'no weights at all',
      (d: string) => truncateSync(join(d, 'weights.safetensors'), 0),
      /weights\.safetensors: .*got 0$/,
    ],
    [
      'one bit flipped',
      (d: string) => {
        const bytes = readFileSync(join(d, 'weights.safetensors'));
        bytes[7777] ^= 1;
        writeFileSync(join(d, 'weights.safetensors'), bytes);
      },
      /weights\.safetensors: sha256/,
    ],
    [
      'a symbolic link to the very same content',
      (d: string) => {
        rmSync(join(d, 'weights.safetensors'));
        symlinkSync(join(good, 'weights.safetensors'), join(d, 'weights.safetensors'));
      },
      /a symbolic link/,
    ],
    [
      'a symbolic link inside the bundle',
      (d: string) => {
        renameSync(join(d, 'weights.safetensors'), join(d, 'elsewhere'));
        symlinkSync('elsewhere', join(d, 'weights.safetensors'));
      },
      /a symbolic link/,
    ],
    [
      'a directory in place of a file',
      (d: string) => {
        rmSync(join(d, 'weights.safetensors'));
        mkdirSync(join(d, 'weights.safetensors'));
      },
      /weights\.safetensors: expected a regular file, got a directory/,
    ],
    [
      'a pipe, which must not hang',
      (d: string) => {
        rmSync(join(d, 'weights.safetensors'));
        execFileSync('mkfifo', [join(d, 'weights.safetensors')]);
      },
      /weights\.safetensors: expected a regular file/,
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
    ['a key twice', '"width": 32', '"width": 32, "width": 32', /each key once/],
    ['-0', '"width": 32', '"width": -0', /model\.width: .*got -0/],
    ['a fraction', '"width": 32', '"width": 2.5', /model\.width/],
    ['infinity', '"shift": 0.05', '"shift": 1e400', /1e400/],
    ['NaN', '"shift": 0.05', '"shift": NaN', /a value/],
    ['past 2^53', '"context": 4096', '"context": 9007199254740993', /9007199254740993/],
    ['a huge count', '"width": 32', '"width": 1000000', /from 1 to 65536/],
    [
      'a context of another length',
      '"context": 4096',
      '"context": 4095',
      /: id: .*something in here was changed/,
    ],
    ['no window', '"shift": 0.05', '"shift": 0.05, "modulate": false', /: id: /],
    [
      'a file twice',
      '"files": {',
      '"files": {"weights.safetensors": {}, "weights.safetensors": {},',
      /each key once/,
    ],
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
    ['another version', (c) => (c.format.version = 3), /format\.version: expected 2, got 3/],
    [
      'version 1',
      (c) => (c.format.version = 1),
      /format\.version: expected 2, got 1: make .* again .* flashinf import/,
    ],
    ['an unknown field', (c) => (c.model.experts = 8), /model\.experts: expected no such field/],
    ['a missing field', (c) => delete c.model.width, /model\.width: expected a value, got none/],
    ['a missing object', (c) => delete c.provenance, /provenance/],
    ['text for a number', (c) => (c.model.width = '32'), /model\.width/],
    ['a negative size', (c) => (c.model.layers[0].mlp.inner = -48), /model\.layers\.0\.mlp\.inner/],
    [
      'order 1',
      (c) => (c.model.layers[1].mixer.order = 1),
      /model\.layers\.1\.mixer\.order: expected an integer from 2 to 16, got 1/,
    ],
    [
      'another mixer',
      (c) => (c.model.layers[0].mixer.kind = 'attention'),
      /mixer\.heads: expected a value, got none/,
    ],
    ['another norm', (c) => (c.model.norm.kind = 'rms'), /model\.layers: expected layers all alike/],
    ['no layers', (c) => (c.model.layers = []), /model\.layers: expected a list of 1 to 1024, got 0/],
    ['layers unlike each other', (c) => (c.model.layers[1].mixer.order = 3), /model\.layers: .*all alike/],
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
    ['a parent path', (c) => (c.files['../weights.safetensors'] = escape), /a plain file name/],
    ['an absolute path', (c) => (c.files['/etc/passwd'] = escape), /a plain file name/],
    ['a path with a backslash', (c) => (c.files['a\\b'] = escape), /a plain file name/],
    ['a hidden file', (c) => (c.files['.bashrc'] = escape), /a plain file name/],
    ['a file not listed', (c) => delete c.files['weights.safetensors'], /an entry for weights\.safetensors/],
    ['a hash that is none', (c) => (c.files['weights.safetensors'] = { bytes: 1, sha256: 'x' }), /sha256/],
    [
      'a size of null',
      (c) => (c.files['weights.safetensors'] = { bytes: null, sha256: escape.sha256 }),
      /bytes/,
    ],
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
    ['width', (c) => (c.model.width = 33), /embeddings: expected a tensor \[40, 33\], got one \[40, 32\]/],
    ['vocabulary', (c) => (c.model.vocabulary = 41), /embeddings: expected a tensor \[41, 32\]/],
    ['order', (c) => c.model.layers.forEach(({ mixer }) => (mixer.order = 3)), /short\.past2: .*128\], got/],
    ['more layers', (c) => c.model.layers.push(c.model.layers[0]), /short\.past2: .*got one \[2, 1, 96\]/],
    ['the filter', (c) => (c.filter.features = 7), /filter\.0\.weight: expected a tensor \[2, 7, /],
  ])('dimensions unlike the tensors: %s', async (_, edit, message) => {
    expect((await problem(sealed(edited(edit)))).message).toMatch(message);
  });
});

/** A copy whose weights are changed, sealed with hashes that fit. */
function reweighted(change: (weights: Buffer, dataStart: number) => Uint8Array | void): string {
  const directory = broken((copy) => {
    const file = join(copy, 'weights.safetensors');
    const bytes = readFileSync(file);
    writeFileSync(file, change(bytes, 8 + Number(bytes.readBigUInt64LE())) ?? bytes);
  });
  return sealed(directory);
}

/** The header as `edit` leaves it, before the same data. */
function reheaded(
  weights: Buffer,
  dataStart: number,
  edit: (header: Record<string, { shape: number[]; dtype: string }>) => void,
  extra = 0,
): Uint8Array {
  const header = JSON.parse(weights.subarray(8, dataStart).toString()) as Parameters<typeof edit>[0];
  edit(header);
  const json = JSON.stringify(header);
  const size = Math.ceil((8 + json.length) / 64) * 64 + extra;
  const head = Buffer.from(json.padEnd(size - 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(head.length));
  return Buffer.concat([length, head, weights.subarray(dataStart)]);
}

describe('weights, whatever their hash says', () => {
  test('as they were, they open', () => {
    expect(openBundle(reweighted(() => undefined)).id).toBe(openBundle(good).id);
  });

  test.each<[string, (weights: Buffer, dataStart: number) => Uint8Array | void, RegExp]>([
    [
      'NaN',
      (b, start) => void b.writeFloatLE(NaN, start + 4 * 5),
      /embeddings: expected finite numbers, got NaN/,
    ],
    [
      'minus infinity, the last of all',
      (b) => void b.writeFloatLE(-Infinity, b.length - 4),
      /: expected finite numbers, got -Infinity/,
    ],
    [
      'a tensor too few',
      (b, start) => reheaded(b, start, (h) => delete Object.assign(h, { other: h['rho0'] })['rho0']),
      /rho0: expected a tensor \[2, 32\], got none/,
    ],
    [
      'a tensor of another shape',
      (b, start) => reheaded(b, start, (h) => h['rho0'].shape.reverse()),
      /rho0: expected a tensor \[2, 32\], got one \[32, 2\]/,
    ],
    [
      'integers',
      (b, start) => reheaded(b, start, (h) => (h['rho0'].dtype = 'I32')),
      /rho0: expected values of type F32, got I32/,
    ],
    [
      'data that is not aligned',
      (b, start) => reheaded(b, start, () => undefined, 8),
      /header length: expected data from a multiple of 64 bytes/,
    ],
    ['no safetensors file', (b) => b.fill(0x7b), /weights\.safetensors: .*header length/],
  ])('%s is refused', async (_, change, message) => {
    expect((await problem(reweighted(change))).message).toMatch(message);
  });
});

test('values are also checked aside: who waits hears what is wrong with them', async () => {
  const checked = async (directory: string): Promise<string | undefined> => {
    const bundle = openBundle(directory, 0, 0);
    const problem = await bundle.checked.then(
      () => undefined,
      (error: unknown) => (expect(error).toBeInstanceOf(BundleError), (error as Error).message),
    );
    bundle.close();
    return problem;
  };
  expect(await checked(good)).toBeUndefined();
  const odd = reweighted((b, start) => void b.writeFloatLE(NaN, start + 4 * 5));
  expect(await checked(odd)).toMatch(/weights\.safetensors: embeddings: expected finite numbers, got NaN$/);
  const file = join(odd, 'weights.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] ^= 1;
  writeFileSync(file, bytes);
  expect(await checked(odd)).toMatch(
    /weights\.safetensors: sha256: expected [0-9a-f]{64}, got [0-9a-f]{64}$/,
  );
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

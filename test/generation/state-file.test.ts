import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, type Loaded } from '../../src/generation/load.js';
import { openState, StateWriteError } from '../../src/generation/state-file.js';
import { generate } from '../../src/generation/text.js';
import { BundleError } from '../../src/model/index.js';
import { byteModel } from '../support/models.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const MAGIC = 'flashinf state\n';
const DIGEST = 32;

let loaded: Loaded;
let file: string;
let whole: Buffer;
beforeAll(async () => {
  loaded = await load(await byteModel());
  file = join(temporaryDirectory(), 'state');
  await save(file);
  whole = readFileSync(file);
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

async function save(target: string): Promise<void> {
  const options = { count: 20, room: 100, seed: 1, stop: ['never'], save: target };
  for await (const { token } of generate(loaded, 'once', options)) expect(token).not.toBe(-1);
}

type Header = Record<string, unknown> & { mixer: { position: number; shape: { length: number } } };

/** The state with another header, or other bytes after it, and a digest that fits. */
function forged(change: (header: Header) => unknown, rest = (bytes: Buffer): Buffer => bytes): string {
  const start = MAGIC.length + 8;
  const end = start + whole.readUInt32LE(MAGIC.length + 4);
  const header = JSON.parse(whole.subarray(start, end).toString()) as Header;
  const text = Buffer.from(JSON.stringify(change(header) ?? header));
  const prefix = Buffer.from(whole.subarray(0, start));
  prefix.writeUInt32LE(text.length, MAGIC.length + 4);
  return written(Buffer.concat([prefix, text, rest(whole.subarray(end, whole.length - DIGEST))]));
}

/** A file of these bytes and their digest. */
function written(bytes: Buffer): string {
  const target = join(temporaryDirectory(), 'forged');
  writeFileSync(target, Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]));
  return target;
}

function refusal(target: string): Error {
  try {
    const { point } = openState(target, loaded.model);
    void point;
  } catch (error) {
    expect(error).toBeInstanceOf(BundleError);
    return error as Error;
  }
  throw new Error('it was taken');
}

test('what is saved is there again', () => {
  const { text, point } = openState(file, loaded.model);
  expect(text).toMatchObject({ seed: 1, stop: ['never'], remaining: 0, ended: false, ignoreEos: false });
  expect(point.ids).toHaveLength(4 + 20);
  expect(point.mixer).toMatchObject({ name: 'tiled', position: 4 + 19 });
});

test('forged as it was, it is taken', () => {
  expect(
    openState(
      forged(() => undefined),
      loaded.model,
    ).point.prompt,
  ).toBe(4);
});

test.each<[string, (header: Header) => unknown, RegExp]>([
  [
    'another model',
    (h) => void (h['model'] = { id: 'a'.repeat(64), name: 'other' }),
    /expected a state of tiny .*one of other/,
  ],
  [
    'a position past the length',
    (h) => void (h.mixer.position = h.mixer.shape.length + 1),
    /position: expected/,
  ],
  ['a position that is not the text’s', (h) => void h.mixer.position--, /ids: expected/],
  ['more tokens than the context', (h) => void (h['ids'] = 2 ** 31), /ids: expected/],
  ['a length past the context', (h) => void (h.mixer.shape.length = 2 ** 40), /length: expected/],
  ['no generator', (h) => void (h['random'] = [1, 2]), /random: expected 4 integers/],
  ['a header that is a list', () => [], /an object/],
  ['no text', (h) => void delete h['text'], /text/],
])('%s is refused', (_what, change, message) => {
  expect(refusal(forged(change)).message).toMatch(message);
});

test('another version is refused, and a token that the model does not have', () => {
  const version = Buffer.from(whole.subarray(0, -DIGEST));
  version.writeUInt32LE(2, MAGIC.length);
  expect(refusal(written(version)).message).toMatch(/version: expected 3, got 2/);
  const strange = forged(
    () => undefined,
    (bytes) => Buffer.concat([Buffer.from([0, 1, 0, 0]), bytes.subarray(4)]),
  );
  expect(refusal(strange).message).toMatch(/ids\.0: expected a token below 256, got 256/);
});

test('wherever it is cut, and whichever byte is another, it is refused', () => {
  const target = join(temporaryDirectory(), 'damaged');
  for (let k = 0; k < 60; k++) {
    const at = Math.floor((whole.length * k) / 60);
    writeFileSync(target, whole);
    truncateSync(target, at);
    refusal(target);
    const flipped = Buffer.from(whole);
    flipped[at] ^= 1 << (k % 8);
    writeFileSync(target, flipped);
    refusal(target);
  }
  writeFileSync(target, Buffer.concat([whole, Buffer.alloc(1)]));
  refusal(target);
});

test('a state that cannot be written leaves what was there, and nothing else', async () => {
  const folder = temporaryDirectory();
  mkdirSync(join(folder, 'directory'));
  await expect(save(join(folder, 'directory'))).rejects.toThrow(StateWriteError);
  expect(readdirSync(folder)).toEqual(['directory']);
});

test('through a link, the file it leads to is replaced', async () => {
  const folder = temporaryDirectory();
  writeFileSync(join(folder, 'old'), 'old');
  symlinkSync('old', join(folder, 'link'));
  await save(join(folder, 'link'));
  expect(readFileSync(join(folder, 'old')).equals(whole)).toBe(true);
  expect(readdirSync(folder).sort()).toEqual(['link', 'old']);
});

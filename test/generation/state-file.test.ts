import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plan } from '../../src/mixer/index.js';
import { load, type Loaded } from '../../src/generation/load.js';
import { openState, StateWriteError } from '../../src/generation/state-file.js';
import { LONGEST_STOPS } from '../../src/generation/options.js';
import { generate, type TextOptions } from '../../src/generation/text.js';
import { BundleError } from '../../src/format/index.js';
import { byteModel } from '../support/models.js';
import { PACKAGE, run } from '../support/run.js';
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

const SAVING = { count: 20, room: 100, seed: 1, stop: ['never'] };

async function save(target: string, options: TextOptions = {}): Promise<number[]> {
  return tokensOf({ ...SAVING, ...options, save: target });
}

async function tokensOf(options: TextOptions): Promise<number[]> {
  const tokens: number[] = [];
  for await (const { token } of generate(loaded, 'once', options)) if (token !== null) tokens.push(token);
  return tokens;
}

const sampling = (header: Header): Record<string, unknown> =>
  (header['text'] as { sampling: Record<string, unknown> }).sampling;

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
  ['a generator of zeros', (h) => void (h['random'] = [0, 0, 0, 0]), /random: expected/],
  [
    'no levels',
    (h) =>
      void ((h.mixer as unknown as { plan: object }).plan = { length: h.mixer.shape.length, levels: [] }),
    /plan: expected a plan for/,
  ],
  [
    'levels that are none',
    (h) =>
      void ((h.mixer as unknown as { plan: object }).plan = { length: h.mixer.shape.length, levels: [null] }),
    /plan: expected a plan for/,
  ],
  [
    'reference tiles',
    ({ mixer }) =>
      void ((mixer as unknown as { plan: Plan }).plan = {
        length: mixer.shape.length,
        levels: [
          { kind: 'direct', side: 1, fanOut: 2 },
          { kind: 'reference', side: 2, fanOut: mixer.shape.length },
        ],
      }),
    /plan: .*reference tiles/,
  ],
  ['minP above 1', (h) => void (sampling(h)['minP'] = 2), /minP: expected a number from 0 to 1, got 2/],
  ['topK below 0', (h) => void (sampling(h)['topK'] = -1), /topK: expected an integer from 0/],
  ['topP above 1', (h) => void (sampling(h)['topP'] = 5), /topP: expected/],
  ['a penalty of 0', (h) => void (sampling(h)['repeatPenalty'] = 0), /repeatPenalty: expected/],
  [
    'more to come than there is room for',
    (h) => void ((h['text'] as Record<string, unknown>)['remaining'] = 1000),
    /remaining: expected/,
  ],
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

test('names that others may have guessed are not written through', async () => {
  const folder = temporaryDirectory();
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'mine');
  symlinkSync('victim', join(folder, `.state.${process.pid}`));
  await save(join(folder, 'state'));
  expect(readFileSync(victim, 'utf8')).toBe('mine');
  expect(readFileSync(join(folder, 'state')).equals(whole)).toBe(true);
});

test('the longest name there can be is written; a longer one, and a link to nowhere, are refused before the text', async () => {
  const folder = temporaryDirectory();
  const longest = join(folder, 's'.repeat(255));
  await save(longest);
  expect(readFileSync(longest).equals(whole)).toBe(true);
  symlinkSync('nowhere', join(folder, 'dangling'));
  for (const name of ['s'.repeat(256), 'dangling', 'no/such/folder']) {
    expect(() => generate(loaded, 'once', { save: join(folder, name) })).toThrow(StateWriteError);
  }
  expect(readdirSync(folder).sort()).toEqual(['dangling', basename(longest)]);
});

test('what a killed writer leaves behind, the next one removes; not what others are writing', async () => {
  const folder = temporaryDirectory();
  const module = pathToFileURL(join(PACKAGE, 'dist/format/replace-file.js')).href;
  const write = (name: string, then: string): Promise<unknown> => {
    const file = JSON.stringify(join(folder, name));
    const code = `import { replaceFile } from ${JSON.stringify(module)}; replaceFile(${file}, () => { ${then} });`;
    return run([process.execPath, '--input-type=module', '-e', code], {});
  };
  const kill = "process.kill(process.pid, 'SIGKILL');";
  await Promise.all([write('state', kill), write('other', kill)]);
  expect(readdirSync(folder)).toHaveLength(2);
  // This process lives, as far as anybody can see.
  const [mine] = readdirSync(folder);
  const living = mine.replace(/-\d+-/, `-${process.pid}-`);
  writeFileSync(join(folder, living), '');
  await save(join(folder, 'state'));
  await save(join(folder, 'other'));
  expect(readdirSync(folder).sort()).toEqual([living, 'other', 'state'].sort());
});

test('the most stops there can be are saved and read again; more are refused before the text', async () => {
  const target = join(temporaryDirectory(), 'stops');
  const stop = ['\u0001'.repeat(LONGEST_STOPS)];
  await save(target, { stop });
  const { text, close } = openState(target, loaded.model);
  expect(text.stop).toEqual(stop);
  close();
  for (const more of [[...stop, 'x'], [''], ['\ud800'], ['a', 5]]) {
    expect(() => generate(loaded, 'once', { stop: more as string[] })).toThrow(
      /^stop: expected a list of texts/,
    );
  }
});

test('a file that takes its place between opening and use changes nothing', async () => {
  const folder = temporaryDirectory();
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  const first = await save(a, { seed: 5 });
  await save(b, { seed: 6 });
  const from = openState(a, loaded.model);
  const aside = join(folder, 'aside');
  copyFileSync(a, aside);
  const there = openState(aside, loaded.model);
  renameSync(b, a);
  const options = { count: 30, ignoreEos: true };
  const expected = await tokensOf({ ...options, from: there });
  expect(await tokensOf({ ...options, from })).toEqual(expected);
  // Again, and while it is saved to the very place.
  expect(await tokensOf({ ...options, from, save: a })).toEqual(expected);
  expect(await tokensOf({ ...options, from })).toEqual(expected);
  const rest = await tokensOf({ ...SAVING, seed: 5, count: 50, ignoreEos: true });
  expect([...first, ...expected]).toEqual(rest);
  from.close();
  there.close();
  await expect(tokensOf({ ...options, from })).rejects.toThrow('the saved state is closed');
});

test('a file that is written into between opening and use is refused', async () => {
  const target = join(temporaryDirectory(), 'state');
  await save(target);
  const from = openState(target, loaded.model);
  const descriptor = openSync(target, 'r+');
  writeSync(descriptor, Buffer.from([1]), 0, 1, whole.length - DIGEST - 7);
  closeSync(descriptor);
  await expect(tokensOf({ from, count: 3 })).rejects.toThrow(BundleError);
  from.close();
});

test('a replacer and a reader: every text goes on from one state or the other', async () => {
  const folder = temporaryDirectory();
  const target = join(folder, 'state');
  const states: Buffer[] = [];
  const texts: string[] = [];
  for (const seed of [7, 8]) {
    await save(target, { seed });
    states.push(readFileSync(target));
    const from = openState(target, loaded.model);
    texts.push((await tokensOf({ from, count: 5, ignoreEos: true })).join());
    from.close();
  }
  const code = `
    const { writeFileSync, renameSync, readFileSync } = require('node:fs');
    const [a, b] = ${JSON.stringify(states.map((state) => state.toString('base64')))};
    for (let k = 0; ; k++) {
      writeFileSync(${JSON.stringify(`${target}.new`)}, Buffer.from(k % 2 ? a : b, 'base64'));
      renameSync(${JSON.stringify(`${target}.new`)}, ${JSON.stringify(target)});
    }`;
  let seen = 0;
  const replacing = run([process.execPath, '-e', code], {
    control: (child) =>
      void (async () => {
        for (; seen < 60; seen++) {
          const from = openState(target, loaded.model);
          expect(texts).toContain((await tokensOf({ from, count: 5, ignoreEos: true })).join());
          from.close();
        }
      })().finally(() => child.kill('SIGKILL')),
  });
  await replacing;
  expect(seen).toBe(60);
});

test('a pipe is no state, and nobody waits for who might write to it', () => {
  const pipe = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  expect(() => openState(pipe, loaded.model)).toThrow(/expected a saved state, got what is no regular file/);
  expect(() => generate(loaded, 'once', { save: pipe })).toThrow(StateWriteError);
});

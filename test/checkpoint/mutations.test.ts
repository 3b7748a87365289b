/**
 * Broken files by the thousand: small valid ones, changed where it hurts. Each must become a bundle or end in
 * a BundleError, soon and in little memory.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { crc32 } from '../../src/container/crc32.js';
import { importCheckpoint } from '../../src/checkpoint/index.js';
import { BundleError } from '../../src/format/errors.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { FOREIGN, PROOF } from '../support/foreign.js';
import { asSafetensors, asTorch, golden } from '../support/golden.js';
import { code, legacyFile, torchFile, type Code } from '../support/torch-writer.js';

afterAll(removeTemporary);

/** `scripts/fuzz/checkpoints.js` asks for many more. */
const ROUNDS = Number(process.env['FLASHINF_FUZZ_ROUNDS'] ?? 400);
const SEED = Number(process.env['FLASHINF_FUZZ_SEED'] ?? 20);
/** Whole imports of a file of some kilobytes: a millisecond or a few; the machine may be busy. */
const SLOWEST = 5000;
const LARGEST = 512 * 2 ** 20;

const random = xoroshiro128plus(SEED);
const below = (n: number): number => uniformInt(random, 0, n - 1);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)];

/** Marks files whose checksums were left as they are. */
const SEALED = Symbol('sealed');

/** Numbers that programs trip over. */
const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '2',
  '7',
  '8',
  '255',
  '256',
  '65536',
  '2147483648',
  '4294967295',
  '9007199254740993',
  '1e400',
  '1.5',
  'null',
  '"8"',
  '[]',
  '{}',
  'true',
];

/** Changes a text of JSON: a number, a key, a bracket, a piece of it. */
function mutateJson(text: string): string {
  const at = below(text.length);
  switch (below(6)) {
    case 0:
    case 1: {
      const numbers = [...text.matchAll(/-?\d+(\.\d+)?/g)];
      const { index, 0: found } = oneOf(numbers);
      return text.slice(0, index) + oneOf(NUMBERS) + text.slice(index + found.length);
    }
    case 2: {
      const strings = [...text.matchAll(/"[^"]*"/g)];
      const { index, 0: found } = oneOf(strings);
      const { 0: other } = oneOf(strings);
      return (
        text.slice(0, index) +
        oneOf([other, '"__proto__"', '""', '7', '"F64"', '"I64"']) +
        text.slice(index + found.length)
      );
    }
    case 3:
      return text.slice(0, at);
    case 4:
      return (
        text.slice(0, at) +
        oneOf(['{', '}', '[', ']', ',', ':', '"', '\\', '\u0000', '1']) +
        text.slice(at + 1)
      );
    default:
      return text.slice(0, at) + text.slice(at, at + below(40)) + text.slice(at);
  }
}

/** Changes bytes: one bit, one field of 1 to 8 bytes, the length, a stretch taken from elsewhere. */
function mutateBytes(content: Buffer, from: number, to: number): Buffer {
  const copy = Buffer.from(content);
  const at = from + below(to - from);
  switch (below(6)) {
    case 0:
      copy[at] ^= 1 << below(8);
      return copy;
    case 1:
      copy[at] = oneOf([0, 1, 0x7f, 0x80, 0xff, below(256)]);
      return copy;
    case 2: {
      const value = oneOf([
        0n,
        1n,
        0xffn,
        0xffffn,
        0x7fffffffn,
        0xffffffffn,
        2n ** 53n,
        2n ** 63n,
        2n ** 64n - 1n,
      ]);
      const field = Buffer.alloc(8);
      field.writeBigUInt64LE(value);
      field.copy(copy, at, 0, oneOf([2, 4, 8]));
      return copy;
    }
    case 3:
      return copy.subarray(0, at);
    case 4: {
      const other = from + below(to - from);
      content.copy(copy, at, other, Math.min(other + below(32), content.length));
      return copy;
    }
    default:
      return Buffer.concat([copy.subarray(0, at), content.subarray(at, at + below(16)), copy.subarray(at)]);
  }
}

function mutateSafetensors(content: Buffer): Buffer {
  const length = Number(content.readBigUInt64LE());
  if (below(4) === 0) return mutateBytes(content, 0, content.length);
  const header = Buffer.from(mutateJson(content.subarray(8, 8 + length).toString('latin1')), 'latin1');
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([prefix, header, content.subarray(8 + length)]);
}

/** Mostly in the pickle and in the directory, where the meaning is. */
function mutateTorch(content: Buffer): Buffer {
  const pickleEnd = content.indexOf('byteorder');
  const directory = content.indexOf(Buffer.from('PK\x01\x02'));
  const [from, to] = oneOf([
    [0, content.length],
    [64, pickleEnd],
    [64, pickleEnd],
    [directory, content.length],
    [directory, content.length],
  ]);
  const mutated = mutateBytes(content, from, to);
  // A checksum would shield the pickle's reader from most of this: half of the time, it is made to fit.
  return from === 64 && mutated.length === content.length && below(2) === 0
    ? withChecksum(mutated, pickleEnd)
    : mutated;
}

function withChecksum(content: Buffer, pickleEnd: number): Buffer {
  const start = 30 + content.readUInt16LE(26) + content.readUInt16LE(28);
  const size = content.readUInt32LE(18);
  if (start + size > pickleEnd) return content;
  content.writeUInt32LE(
    crc32(content.subarray(start, start + size)),
    content.indexOf(Buffer.from('PK\x01\x02')) + 16,
  );
  return content;
}

const CONFIG = JSON.stringify({
  model_type: 'hyenadna',
  d_model: 8,
  n_layer: 1,
  layer: { l_max: 48, order: 2, emb_dim: 5, filter_order: 8, shift: 0.05, modulate: true },
});
const TOKENIZER = JSON.stringify({
  added_tokens: [{ id: 3, content: '<|endoftext|>', special: true }],
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false },
  normalizer: null,
  post_processor: null,
  decoder: { type: 'ByteLevel' },
  model: { type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [['a', 'b']] },
});

test(`${ROUNDS} mutations give bundles or BundleErrors`, async () => {
  // One layer is enough, and quick.
  const tensors = new Map([...golden('huggingface').tensors].filter(([name]) => !name.includes('layers.1.')));
  const safetensors = readFileSync(asSafetensors(tensors));
  const torch = readFileSync(asTorch(tensors));
  const beside = Object.entries(FOREIGN).map(([name, object]): [Code, Code] => [code.text(name), object]);
  const wrap = (value: Code): Code =>
    code.dict([code.text('hyper_parameters'), code.dict(...beside)], [code.text('state_dict'), value]);
  const foreign = torchFile(tensors, wrap);
  const legacy = legacyFile(tensors, wrap);
  const directory = temporaryDirectory();
  const checkpoint = join(directory, 'in');
  mkdirSync(checkpoint);
  const write = (file: string, content: string | Uint8Array): string => {
    writeFileSync(join(checkpoint, file), content);
    return join(checkpoint, file);
  };
  const valid = write('b.safetensors', safetensors);
  const kinds: (() => [string, object])[] = [
    () => [write('a.safetensors', mutateSafetensors(safetensors)), {}],
    () => [write('a.pt', mutateTorch(torch)), {}],
    () => [write('f.pt', mutateTorch(foreign)), {}],
    () => [write('l.pt', mutateBytes(legacy, 0, legacy.length)), {}],
    // Under checksums: what is not refused is what it was.
    () => [write('s.pt', mutateBytes(foreign, 0, foreign.length)), { [SEALED]: true }],
    () => [valid, { config: write('c.json', mutateJson(CONFIG)) }],
    () => [valid, { tokenizer: write('t.json', mutateJson(TOKENIZER)) }],
  ];

  const { id } = (await importCheckpoint(write('w.pt', foreign), join(directory, 'out'))).config;
  const before = process.memoryUsage().rss;
  let slowest = 0;
  let largest = 0;
  const outcomes = { bundles: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    const [file, options] = kinds[round % kinds.length]();
    const began = performance.now();
    try {
      const { config } = await importCheckpoint(file, join(directory, 'out'), options);
      outcomes.bundles++;
      if (SEALED in options && config.id !== id) throw new Error('other weights than were saved');
    } catch (error) {
      if (!(error instanceof BundleError)) throw error;
      if (/[\r\n]/.test(error.message)) throw new Error('a message of several lines', { cause: error });
      outcomes.refused++;
    }
    slowest = Math.max(slowest, performance.now() - began);
    if (round % 50 === 0) largest = Math.max(largest, process.memoryUsage().rss - before);
  }
  expect(existsSync(PROOF)).toBe(false);
  // Both must happen, or the mutations miss their aim.
  expect(outcomes.bundles).toBeGreaterThan(ROUNDS / 100);
  expect(outcomes.refused).toBeGreaterThan(ROUNDS / 4);
  expect(slowest).toBeLessThan(SLOWEST);
  expect(largest).toBeLessThan(LARGEST);
}, 3_600_000);

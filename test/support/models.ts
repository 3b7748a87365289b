/** Bundles small enough that starting a process is most of a run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCheckpoint, SafetensorsFile, writeSafetensors } from '../../src/checkpoint/index.js';
import { byteAlphabet } from '../../src/text/bpe.js';
import { GOLDEN, temporaryDirectory } from './tiny-model.js';
import { randomNumbers } from './random.js';

const EMBEDDINGS = 'backbone.embeddings.word_embeddings.weight';
const CONTEXT = 131072;

/** Any byte may follow any other: most of what it writes is not UTF-8, which is the point. */
export function byteModel(): Promise<string> {
  return bundle(256);
}

/** Letters that are tokens, and what else fits beside them. */
const LETTERS = ' abcdefghijklmnopqrstuvwxyz';
const WORDS = 64;
/** Bytes of a word of `wordModel`. */
export const WORD = 4096;

/**
 * Letters, long words, and an end of text that one token in 64 is: for texts that end, and for much text from few
 * tokens.
 */
export function wordModel(): Promise<string> {
  const spelling = new Map([...byteAlphabet()].map(([character, byte]) => [byte, character]));
  const spell = (text: string): string =>
    Array.from(Buffer.from(text), (byte) => spelling.get(byte)).join('');
  const words = Array.from({ length: WORDS - LETTERS.length - 1 }, (_, k) =>
    `${String.fromCharCode(0x41 + (k % 26))}${k}-`
      .repeat(WORD)
      .slice(0, WORD - 1)
      .concat('\n'),
  );
  const pieces = [...LETTERS, ...words].map((piece, id) => [spell(piece), id]);
  return bundle(WORDS, {
    normalizer: null,
    post_processor: null,
    model: { type: 'BPE', vocab: Object.fromEntries(pieces) as object, merges: [] },
    added_tokens: [{ id: WORDS - 1, content: '<|endoftext|>', special: true }],
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel' },
  });
}

/** The tiny checkpoint with another vocabulary and a long context. */
async function bundle(vocabulary: number, tokenizer?: object): Promise<string> {
  const checkpoint = temporaryDirectory();
  const from = join(GOLDEN, 'tiny');
  const config = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')) as { model: object };
  const model = { ...config.model, vocabulary, context: CONTEXT };
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify({ ...config, model }));
  const source = SafetensorsFile.open(join(from, 'model.safetensors'));
  const tensors = Object.fromEntries(
    [...source.tensors].map(([name, { shape }]) =>
      name === EMBEDDINGS
        ? [name, { shape: [vocabulary, shape[1]], data: noise(vocabulary * shape[1]) }]
        : [name, { shape, data: source.read(name) }],
    ),
  );
  source.close();
  writeSafetensors(join(checkpoint, 'model.safetensors'), tensors);
  if (tokenizer) writeFileSync(join(checkpoint, 'tokenizer.json'), JSON.stringify(tokenizer));
  const directory = join(temporaryDirectory(), 'bundle');
  await bundleCheckpoint(checkpoint, directory);
  return directory;
}

/** Reproducible, about as large as trained embeddings. */
function noise(count: number): Float32Array {
  const random = randomNumbers(1);
  return Float32Array.from({ length: count }, () => (random() - 0.5) * 0.5);
}

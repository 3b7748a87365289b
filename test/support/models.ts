/** Bundles small enough that starting a process is most of a run. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundleCheckpoint,
  importCheckpoint,
  SafetensorsFile,
  type TensorToWrite,
  writeSafetensors,
} from '../../src/checkpoint/index.js';
import { byteAlphabet } from '../../src/text/bpe.js';
import { GOLDEN, temporaryDirectory } from './tiny-model.js';
import { randomNumbers } from './random.js';

const EMBEDDINGS = 'backbone.embeddings.word_embeddings.weight';
/** What the last norm adds to its channels. */
const OFFSETS = 'backbone.ln_f.bias';
const CONTEXT = 131072;

/** Any byte may follow any other: most of what it writes is not UTF-8, which is the point. */
export function byteModel(seed = 1): Promise<string> {
  return bundle(256, 0, { seed });
}

/** Finite weights whose sums are not. */
export function overflowingModel(): Promise<string> {
  return bundle(256, 0, { scale: 1e38 });
}

/** A language model over the letters of DNA, in HyenaDNA's names and conventions. */
export async function dnaModel({ width = 32, layers = 2, context = 2048 } = {}): Promise<string> {
  const checkpoint = join(temporaryDirectory(), 'dna.safetensors');
  writeSafetensors(checkpoint, dnaTensors(width, layers));
  const directory = join(temporaryDirectory(), 'dna');
  await importCheckpoint(checkpoint, directory, { family: 'hyenadna', context });
  return directory;
}

function dnaTensors(width: number, layers: number): Record<string, TensorToWrite> {
  const random = randomNumbers(3);
  const tensors: Record<string, TensorToWrite> = {};
  const add = (name: string, shape: number[], value = () => random() - 0.5): void => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    tensors[name] = { shape, data: Float32Array.from({ length: size }, value) };
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    add(`${name}.weight`, [outputs, inputs], () => (random() - 0.5) * 2 * inputs ** -0.5);
    add(`${name}.bias`, [outputs]);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [width], () => 1);
    add(`${name}.bias`, [width], () => 0);
  };
  add('backbone.embeddings.word_embeddings.weight', [16, width]);
  norm('backbone.ln_f');
  for (let l = 0; l < layers; l++) {
    const layer = `backbone.layers.${l}.`;
    const filter = `${layer}mixer.filter_fn.`;
    norm(`${layer}norm1`);
    norm(`${layer}norm2`);
    linear(`${layer}mixer.in_proj`, 3 * width, width);
    linear(`${layer}mixer.out_proj`, width, width);
    linear(`${layer}mlp.fc1`, 2 * width, width);
    linear(`${layer}mlp.fc2`, width, 2 * width);
    add(`${layer}mixer.short_filter.weight`, [3 * width, 1, 3]);
    add(`${layer}mixer.short_filter.bias`, [3 * width]);
    linear(`${filter}implicit_filter.0`, 8, 5);
    linear(`${filter}implicit_filter.2`, 8, 8);
    linear(`${filter}implicit_filter.4`, 8, 8);
    add(`${filter}implicit_filter.6.weight`, [width, 8]);
    add(`${filter}implicit_filter.1.freq`, [1, 8], () => 10);
    add(`${filter}bias`, [width]);
    let channel = 0;
    add(`${filter}modulation.deltas`, [1, 1, width], () => 3 + (12 * channel++) / width);
  }
  return tensors;
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
  // The end of text comes next; then what is left of the bytes, which is never drawn.
  const rest = [...spelling].filter(([byte]) => !LETTERS.includes(String.fromCharCode(byte)));
  pieces.push(...rest.map(([, letter], k) => [letter, WORDS + k]));
  const tokenizer = {
    normalizer: null,
    post_processor: null,
    model: { type: 'BPE', vocab: Object.fromEntries(pieces) as object, merges: [] },
    added_tokens: [{ id: WORDS - 1, content: '<|endoftext|>', special: true }],
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    decoder: { type: 'ByteLevel' },
  };
  return bundle(WORDS, rest.length, { tokenizer });
}

/**
 * The tiny checkpoint with another vocabulary and a long context.
 *
 * @param words tokens that are likely to be drawn, one about as much as another
 * @param rest further ones, which are not drawn
 */
async function bundle(
  words: number,
  rest: number,
  { tokenizer, seed = 1, scale = 1 }: { tokenizer?: object; seed?: number; scale?: number } = {},
): Promise<string> {
  const vocabulary = words + rest;
  const checkpoint = temporaryDirectory();
  const from = join(GOLDEN, 'tiny');
  const config = JSON.parse(readFileSync(join(from, 'config.json'), 'utf8')) as { model: object };
  const model = { ...config.model, vocabulary, context: CONTEXT };
  writeFileSync(join(checkpoint, 'config.json'), JSON.stringify({ ...config, model }));
  const source = SafetensorsFile.open(join(from, 'model.safetensors'));
  const tensors = Object.fromEntries(
    [...source.tensors].map(([name, { shape }]) =>
      name === EMBEDDINGS
        ? [
            name,
            {
              shape: [vocabulary, shape[1]],
              data: embeddings(words, rest, shape[1], seed).map((value) => value * scale),
            },
          ]
        : name === OFFSETS && rest > 0
          ? [name, { shape, data: source.read(name).fill(1) }]
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

/**
 * Reproducible, about as large as trained embeddings. They are the head, too: as what it reads has an offset of 1 in every
 * channel, those of the rest make very small logits.
 */
function embeddings(words: number, rest: number, width: number, seed: number): Float32Array {
  const random = randomNumbers(seed);
  const values = new Float32Array((words + rest) * width).fill(-0.5);
  for (let i = 0; i < words * width; i++) values[i] = (random() - 0.5) * 0.5;
  return values;
}

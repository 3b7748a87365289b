/** Models of random weights: what they say means nothing, what it takes to say it does. */
import { writeBundle } from '../bundle/index.js';
import { Random } from './random.js';

/** Weight `[out, in]`, bias `[out]`. */
interface Linear {
  readonly weight: () => Float32Array;
  readonly bias: () => Float32Array;
}

/** M convolutions, one a layer, of D channels. */
export interface SyntheticShape {
  readonly convolutions: number;
  readonly width: number;
}

/** As in Hyena's language models, but for the tokens, of which there are as many as letters and bytes. */
const VOCABULARY = 512;
const FEATURES = 5;
const HIDDEN = 64;
/** Hidden channels of the MLP, by channels. */
const INNER = 4;

/** Writes a bundle of a Hyena of order 2 for so many positions to a folder that is not there yet. */
export async function writeSynthetic(
  folder: string,
  { convolutions, width }: SyntheticShape,
  context: number,
  breathe: () => void,
): Promise<void> {
  const inner = INNER * width;
  let seed = 0;
  /** Uniform in [-scale, scale), the same whenever they are asked for. */
  const noise = (count: number, scale: number): (() => Float32Array) => {
    const own = ++seed;
    return () => new Random(own).fill(new Float32Array(count)).map((value) => scale * value);
  };
  const constant =
    (count: number, value: number): (() => Float32Array) =>
    () =>
      new Float32Array(count).fill(value);
  const linear = (outputs: number, inputs: number): Linear => ({
    weight: noise(outputs * inputs, Math.sqrt(3 / inputs)),
    bias: noise(outputs, 0.1),
  });
  const norm = { weight: constant(width, 1), bias: constant(width, 0) };
  await writeBundle(folder, {
    name: `synthetic M=${convolutions} D=${width}`,
    model: { order: 2, layers: convolutions, width, inner, vocabulary: VOCABULARY, context, normEps: 1e-5 },
    filter: { features: FEATURES, hidden: HIDDEN, shift: 0, time: 'linear' },
    tokenizer: { kind: 'ids' },
    provenance: { weights: 'random' },
    onProgress: breathe,
    weights: {
      embeddings: noise(VOCABULARY * width, 0.2),
      normF: norm,
      layers: Array.from({ length: convolutions }, () => ({
        norm1: norm,
        norm2: norm,
        inProj: linear(3 * width, width),
        outProj: linear(width, width),
        fc1: linear(inner, width),
        fc2: linear(width, inner),
        short: { weight: noise(9 * width, 0.8), bias: noise(3 * width, 0.1) },
        filter: {
          bias: noise(width, 1),
          hidden: [linear(HIDDEN, FEATURES), linear(HIDDEN, HIDDEN), linear(HIDDEN, HIDDEN)],
          last: noise(width * HIDDEN, 0.04),
          frequency: constant(HIDDEN, 10),
          // Windows that fall to a hundredth within a third of the length to one and a half of it.
          deltas: () =>
            Float32Array.from({ length: width }, (_, c) => Math.log(0.01) / (1.5 - (1.2 * c) / width)),
        },
      })),
    },
  });
}

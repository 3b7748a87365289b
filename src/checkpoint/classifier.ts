/** The head that a checkpoint was trained with for another task than language: a matrix over hidden states. */
import { checkpointFile, openCheckpoint, type TensorSource } from '../container/index.js';
import { BundleError } from '../format/index.js';

export interface Classifier {
  /** Name of its weight in the file. */
  readonly name: string;
  readonly classes: number;
  /** `[classes, width]`. */
  readonly weight: Float32Array;
  /** `[classes]`; zeros where the file has none. */
  readonly bias: Float32Array;
}

/** Heads that were trained for other tasks. */
export const OTHER_HEADS = /(^|\.)(\w+_)?(head|score|decoder|classifier)\./;

const isWeight = (name: string): boolean =>
  OTHER_HEADS.test(name) && /\.weight$/.test(name) && !/lm_head/.test(name);

/** Reads the one in a checkpoint. Throws BundleError where there is none for hidden states of that width, or more than one. */
export function readClassifier(checkpoint: string, width: number): Classifier {
  const file = checkpointFile(checkpoint);
  const opened = openCheckpoint(file);
  try {
    const found = [...opened.dictionaries.values()].flatMap((source) =>
      [...source.tensors]
        .filter(([name, { shape }]) => isWeight(name) && shape.length === 2 && shape[1] === width)
        .map(([name]) => ({ name, source })),
    );
    if (found.length !== 1) {
      const expected = `one head of a classifier, [classes, ${width}]`;
      throw new BundleError({ file, expected, got: found.map(({ name }) => name).join(' and ') || 'none' });
    }
    return read(found[0].source, found[0].name);
  } finally {
    opened.close();
  }
}

function read(source: TensorSource, name: string): Classifier {
  const weight = source.read(name);
  const [classes] = source.tensors.get(name)!.shape;
  const biasName = name.replace(/weight$/, 'bias');
  const shape = source.tensors.get(biasName)?.shape;
  const hasBias = shape?.length === 1 && shape[0] === classes;
  return { name, classes, weight, bias: hasBias ? source.read(biasName) : new Float32Array(classes) };
}

/** Its outputs for rows of hidden states `[rows, width]`: `[rows, classes]`, before any softmax. */
export function classify({ classes, weight, bias }: Classifier, hidden: Float32Array): Float32Array {
  const width = weight.length / classes;
  const rows = hidden.length / width;
  return Float32Array.from({ length: rows * classes }, (_, i) => {
    const [row, k] = [Math.floor(i / classes), i % classes];
    let sum = bias[k];
    for (let c = 0; c < width; c++) sum += weight[k * width + c] * hidden[row * width + c];
    return sum;
  });
}

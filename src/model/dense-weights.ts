/** The weights of a Hyena model's step, laid out for our own kernels. */
import { setImmediate } from 'node:timers/promises';
import type { ModelDimensions, Weights } from '../bundle/index.js';
import { type Dense, type Matrix, matrixBytes, type MatrixShape } from '../dense/index.js';
import { hyenaDimensions, orientationOf } from '../hyena/index.js';
import { scalesOf } from '../layers/index.js';

/** Where weights are read from. */
export type StepWeights = Pick<Weights, 'tensors' | 'read' | 'values'>;

/** Addresses of vectors. */
export interface DenseNorm {
  readonly weight: number;
  readonly offset: number;
}

/** A layer's weights: where no matrix is meant, addresses of vectors. */
export interface DenseLayer {
  readonly norm1: DenseNorm;
  readonly inProj: Matrix;
  /** The short convolution's five vectors, as `convolveShort` reads them. */
  readonly short: number;
  readonly outProj: Matrix;
  readonly outBias: number;
  readonly norm2: DenseNorm;
  readonly fc1: Matrix;
  readonly fc1Bias: number;
  readonly fc2: Matrix;
  readonly fc2Bias: number;
}

export interface DenseWeights {
  readonly head: Matrix;
  readonly norm: DenseNorm;
  readonly layers: readonly DenseLayer[];
  /** Tap 0 of each long convolution, in the order of execution. */
  readonly rho0: readonly number[];
  /** Writes a token's embedding, `[width]`. */
  readonly embed: (token: number, to: Float32Array, at: number) => void;
}

/** A stored matrix, but for its values. */
function shapeOf({ tensors }: StepWeights, name: string): MatrixShape {
  const { dims, packing } = tensors.get(name)!;
  if (packing !== undefined) {
    const [outputs, blocks] = dims;
    return { byOutput: true, inputs: blocks * packing.block, outputs, packing };
  }
  const byOutput = orientationOf(name) === 'rows';
  const [outputs, inputs] = byOutput ? dims : [dims[1], dims[0]];
  return { byOutput, inputs, outputs };
}

const headOf = ({ tensors }: StepWeights): string => (tensors.has('head') ? 'head' : 'embeddings');

/** Bytes that all matrices of a model take. */
export function denseBytes(weights: StepWeights): number {
  const names = [...weights.tensors.keys()].filter((name) => orientationOf(name) === 'columns');
  return [...names, headOf(weights)].reduce((sum, name) => sum + matrixBytes(shapeOf(weights, name)), 0);
}

/** Lays a model's weights out. The event loop has a turn between any two layers. */
export async function layWeights(
  dense: Dense,
  weights: StepWeights,
  model: ModelDimensions,
): Promise<DenseWeights> {
  const { order, layers: count, width } = hyenaDimensions(model);
  const vector = (name: string, row?: number): number => dense.vector(weights.values(name, row));
  const matrix = (name: string): Matrix => {
    const shape = shapeOf(weights, name);
    const scales = shape.packing && weights.read(scalesOf(name));
    return dense.matrix(shape, weights.read(name), scales);
  };
  const norm = (name: string): DenseNorm => ({
    weight: vector(`${name}.weight`),
    offset: vector(`${name}.bias`),
  });
  // The largest first: what it is copied to meanwhile is room for the others.
  const head = matrix(headOf(weights));
  const layers: DenseLayer[] = [];
  for (let l = 0; l < count; l++) {
    await setImmediate();
    const name = `layers.${l}`;
    const short = [
      weights.values(`${name}.in_proj.bias`),
      weights.values('short.past2', l),
      weights.values('short.past1', l),
      weights.values('short.bias', l),
      weights.values(`${name}.short.now`),
    ];
    layers.push({
      norm1: norm(`${name}.norm1`),
      inProj: matrix(`${name}.in_proj.weight`),
      short: dense.vectors(short),
      outProj: matrix(`${name}.out_proj.weight`),
      outBias: vector(`${name}.out_proj.bias`),
      norm2: norm(`${name}.norm2`),
      fc1: matrix(`${name}.fc1.weight`),
      fc1Bias: vector(`${name}.fc1.bias`),
      fc2: matrix(`${name}.fc2.weight`),
      fc2Bias: vector(`${name}.fc2.bias`),
    });
  }
  return {
    head,
    norm: norm('norm_f'),
    layers,
    rho0: Array.from({ length: count * (order - 1) }, (_, convolution) => vector('rho0', convolution)),
    embed: embedder(weights, width),
  };
}

function embedder(weights: StepWeights, width: number): DenseWeights['embed'] {
  const { packing } = weights.tensors.get('embeddings')!;
  if (packing === undefined) return (token, to, at) => to.set(weights.values('embeddings', token), at);
  const { block } = packing;
  return (token, to, at) => {
    const numbers = weights.read('embeddings', token);
    const scales = weights.values(scalesOf('embeddings'), token);
    for (let i = 0; i < width; i++) to[at + i] = (numbers[i] - 128) * scales[Math.floor(i / block)];
  };
}

/** A Hyena model's weights as a checkpoint holds them, and as the graphs want them. */
import type { FilterDimensions, ModelDimensions } from '../model/config.js';
import type { Tensor, View } from './tensors.js';

/** `x W^T + b`: weight `[out, in]`, bias `[out]`. */
export interface Linear {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Scale and offset of a layer normalisation, `[width]` each. */
export interface Norm {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** An implicit filter: taps as a function of the lag. E features, H hidden channels, D channels. */
export interface FilterWeights {
  /** The skip weight, `[D]`, folded into tap 0. */
  readonly bias: Float32Array;
  /** `[H, E]`, `[H, H]`, `[H, H]`, a sine after each. */
  readonly hidden: readonly [Linear, Linear, Linear];
  /** `[D, H]`, no bias. */
  readonly last: Float32Array;
  /** The sines' frequencies, `[H]`. */
  readonly frequency: Float32Array;
  /** Decay rates of the window, `[D]`: `exp(-t |delta|)`, t in [0, 1]. */
  readonly deltas: Float32Array;
}

export interface LayerWeights {
  readonly norm1: Norm;
  /** `[(order + 1) D, D]`. */
  readonly inProj: Linear;
  /** Depthwise, causal: weight `[(order + 1) D, 3]`, the oldest input's first. */
  readonly short: Linear;
  readonly filter: FilterWeights;
  readonly outProj: Linear;
  readonly norm2: Norm;
  readonly fc1: Linear;
  readonly fc2: Linear;
}

export interface HyenaWeights {
  /** `[V, D]`. */
  readonly embeddings: Float32Array;
  /** `[V, D]`; left out when it is the embeddings. */
  readonly head?: Float32Array;
  readonly layers: readonly LayerWeights[];
  readonly normF: Norm;
}

/** The graphs' tensors and their views. */
export interface GraphWeights {
  readonly tensors: readonly Tensor[];
  readonly views: readonly View[];
}

/**
 * Names used by the graphs. Matrices are stored `[in, out]`, which a plain MatMul multiplies from the right.
 * What every token needs of all layers at once, and the filters, are stacked over layers; views give a
 * layer's part.
 *
 * @param rho0 tap 0 of every mixer's filter, skip weight included, `[mixer, D]`
 */
export function graphWeights(
  model: ModelDimensions,
  filter: FilterDimensions,
  weights: HyenaWeights,
  rho0: Float32Array,
): GraphWeights {
  const { layers, width, inner, vocabulary } = model;
  const { features, hidden } = filter;
  const channels = (model.order + 1) * width;
  const mixers = (model.order - 1) * layers;
  const tensors: Tensor[] = [];
  const views: View[] = [];
  const add = (name: string, dims: readonly number[], data: Float32Array): void => {
    tensors.push({ name, dims, data });
  };
  const addNorm = (name: string, norm: Norm): void => {
    add(`${name}.weight`, [width], norm.weight);
    add(`${name}.bias`, [width], norm.bias);
  };
  const addLinear = (name: string, outputs: number, inputs: number, linear: Linear): void => {
    add(`${name}.weight`, [inputs, outputs], transpose(linear.weight, outputs, inputs));
    add(`${name}.bias`, [outputs], linear.bias);
  };
  const stack = (
    name: string,
    dims: readonly number[],
    part: (layer: LayerWeights) => Float32Array,
  ): void => {
    add(name, [layers, ...dims], concatenate(weights.layers.map(part)));
  };

  add('embeddings', [vocabulary, width], weights.embeddings);
  if (weights.head !== undefined) add('head', [vocabulary, width], weights.head);
  addNorm('norm_f', weights.normF);

  stack('short.past', [1, 2, channels], ({ short }) =>
    concatenate([tapOf(short.weight, 0), tapOf(short.weight, 1)]),
  );
  stack('short.bias', [1, channels], ({ short }) => short.bias);
  add('rho0', [mixers, width], rho0);

  weights.layers.forEach((layer, l) => {
    const name = `layers.${l}`;
    addNorm(`${name}.norm1`, layer.norm1);
    addLinear(`${name}.in_proj`, channels, width, layer.inProj);
    add(`${name}.short.now`, [channels], tapOf(layer.short.weight, 2));
    addLinear(`${name}.out_proj`, width, width, layer.outProj);
    addNorm(`${name}.norm2`, layer.norm2);
    addLinear(`${name}.fc1`, inner, width, layer.fc1);
    addLinear(`${name}.fc2`, width, inner, layer.fc2);
    for (const lag of [2, 1]) {
      const start = (2 * l + 2 - lag) * channels;
      views.push({ name: `${name}.short.past${lag}`, of: 'short.past', start, dims: [channels] });
    }
    views.push({ name: `${name}.short.bias`, of: 'short.bias', start: l * channels, dims: [channels] });
  });
  for (let m = 0; m < mixers; m++) {
    views.push({ name: `mixers.${m}.rho0`, of: 'rho0', start: m * width, dims: [width] });
  }

  [features, hidden, hidden].forEach((inputs, i) => {
    stack(`filter.${i}.weight`, [inputs, hidden], (layer) =>
      transpose(layer.filter.hidden[i].weight, hidden, inputs),
    );
    stack(`filter.${i}.bias`, [1, hidden], (layer) => layer.filter.hidden[i].bias);
  });
  stack('filter.last', [hidden, width], (layer) => transpose(layer.filter.last, width, hidden));
  stack('filter.frequency', [1, hidden], (layer) => layer.filter.frequency);
  stack('filter.decay', [1, width], (layer) => layer.filter.deltas.map((delta) => -Math.abs(delta)));
  return { tensors, views };
}

/** `[rows, columns]` -> `[columns, rows]`. */
function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) out[c * rows + r] = matrix[r * columns + c];
  }
  return out;
}

/** One tap of a depthwise convolution of three, `[channel, 3]` -> `[channel]`. */
function tapOf(weight: Float32Array, tap: number): Float32Array {
  return new Float32Array(weight.length / 3).map((_, channel) => weight[3 * channel + tap]);
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

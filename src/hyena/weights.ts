/** A Hyena model's weights as a checkpoint holds them, and as the graphs want them. */
import type { FilterDimensions, ModelDimensions } from '../bundle/config.js';
import type { Tensor, Values, View } from '../onnx/tensors.js';

/** `x W^T + b`: weight `[out, in]`, bias `[out]`. */
export interface Linear {
  readonly weight: Values;
  readonly bias: Values;
}

/** Scale and offset of a layer normalisation, `[width]` each. */
export interface Norm {
  readonly weight: Values;
  readonly bias: Values;
}

/**
 * The implicit filters of a layer: taps as a function of the lag. E features, H hidden channels, D channels.
 * The order - 1 convolutions of a layer share all but the last matrix; they come in the order of execution.
 */
export interface FilterWeights {
  /** The skip weights, `[order - 1, D]`, folded into tap 0. */
  readonly bias: Values;
  /** `[H, E]`, `[H, H]`, `[H, H]`, a sine after each. */
  readonly hidden: readonly [Linear, Linear, Linear];
  /** `[order - 1, D, H]`, no bias. */
  readonly last: Values;
  /** The sines' frequencies, `[H]`. */
  readonly frequency: Values;
  /** Decay rates of the window, `[order - 1, D]`: `exp(-t |delta|)`, t in [0, 1]. */
  readonly deltas: Values;
  /** What the filters know of a lag, where that was trained too: features `[context, E]`, times `[context, 1]`. */
  readonly positions?: { readonly features: Values; readonly times: Values };
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
  readonly embeddings: Values;
  /** `[V, D]`; left out when it is the embeddings. */
  readonly head?: Values;
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
  rho0: Values,
): GraphWeights {
  const { layers, width, inner, vocabulary, context } = model;
  const { features, hidden } = filter;
  const channels = (model.order + 1) * width;
  const perLayer = model.order - 1;
  const mixers = perLayer * layers;
  const tensors: Tensor[] = [];
  const views: View[] = [];
  const add = (name: string, dims: readonly number[], data: Values): void => {
    tensors.push({ name, dims, data });
  };
  const addNorm = (name: string, norm: Norm): void => {
    add(`${name}.weight`, [width], norm.weight);
    add(`${name}.bias`, [width], norm.bias);
  };
  const addLinear = (name: string, outputs: number, inputs: number, linear: Linear): void => {
    add(`${name}.weight`, [inputs, outputs], () => transpose(linear.weight(), outputs, inputs));
    add(`${name}.bias`, [outputs], linear.bias);
  };
  const stack = (
    name: string,
    dims: readonly number[],
    part: (layer: LayerWeights) => Float32Array,
  ): void => {
    add(name, [layers, ...dims], () => concatenate(weights.layers.map(part)));
  };

  add('embeddings', [vocabulary, width], weights.embeddings);
  if (weights.head !== undefined) add('head', [vocabulary, width], weights.head);
  addNorm('norm_f', weights.normF);

  stack('short.past', [1, 2, channels], ({ short }) =>
    concatenate([0, 1].map((tap) => tapOf(short.weight(), tap))),
  );
  stack('short.bias', [1, channels], ({ short }) => short.bias());
  add('rho0', [mixers, width], rho0);

  weights.layers.forEach((layer, l) => {
    const name = `layers.${l}`;
    addNorm(`${name}.norm1`, layer.norm1);
    addLinear(`${name}.in_proj`, channels, width, layer.inProj);
    add(`${name}.short.now`, [channels], () => tapOf(layer.short.weight(), 2));
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
      transpose(layer.filter.hidden[i].weight(), hidden, inputs),
    );
    stack(`filter.${i}.bias`, [1, hidden], (layer) => layer.filter.hidden[i].bias());
  });
  const stackMixers = (
    name: string,
    dims: readonly number[],
    part: (layer: FilterWeights) => Float32Array,
  ): void => {
    add(name, [mixers, ...dims], () => concatenate(weights.layers.map((layer) => part(layer.filter))));
  };
  stackMixers('filter.last', [hidden, width], (layer) =>
    concatenate(split(layer.last(), perLayer).map((matrix) => transpose(matrix, width, hidden))),
  );
  stack('filter.frequency', [1, hidden], (layer) => layer.filter.frequency());
  stackMixers('filter.decay', [1, width], (layer) => layer.deltas().map((delta) => -Math.abs(delta)));
  if (filter.positions === 'stored') {
    const positions = ({ filter: { positions } }: LayerWeights): NonNullable<FilterWeights['positions']> => {
      if (positions === undefined) throw new RangeError('the positions to be stored are not there');
      return positions;
    };
    stack('filter.features', [context, features], (layer) => positions(layer).features());
    stack('filter.times', [context, 1], (layer) => positions(layer).times());
  }
  // No graph reads these two: they are what an export needs beyond what the graphs do.
  stackMixers('filter.bias', [width], (layer) => layer.bias());
  stackMixers('filter.deltas', [width], (layer) => layer.deltas());
  return { tensors, views };
}

/** `[rows, columns]` -> `[columns, rows]`. */
export function transpose(matrix: Float32Array, rows: number, columns: number): Float32Array {
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

/** `parts` pieces of one size. */
function split(values: Float32Array, parts: number): Float32Array[] {
  const size = values.length / parts;
  return Array.from({ length: parts }, (_, i) => values.subarray(i * size, (i + 1) * size));
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

/** A Hyena model's weights as a checkpoint holds them, and as the graphs want them. */
import type { FilterDimensions, HyenaDimensions } from './dimensions.js';
import { firstTap } from './first-tap.js';

/**
 * Values that are made when they are written, and not kept: a model larger than the memory passes through one
 * tensor at a time.
 */
export interface Values {
  (): Float32Array;
  /** Of a matrix, where it is made by transposing: what it is the transpose of. */
  readonly transposed?: Values;
}

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

/**
 * The tensors that the graphs read and what an export needs beyond them, by name, with their shapes. Matrices are
 * stored `[in, out]`, which a plain MatMul multiplies from the right. What every token needs of all layers at once, and
 * the filters, are stacked over layers.
 *
 * @param headed whether the head is a matrix of its own
 */
export function hyenaTensors(
  model: HyenaDimensions,
  filter: FilterDimensions,
  headed: boolean,
): ReadonlyMap<string, readonly number[]> {
  const { order, layers, width, inner, vocabulary, context } = model;
  const { features, hidden } = filter;
  const channels = (order + 1) * width;
  const convolutions = (order - 1) * layers;
  const norm = (name: string): [string, number[]][] => [
    [`${name}.weight`, [width]],
    [`${name}.bias`, [width]],
  ];
  const linear = (name: string, outputs: number, inputs: number): [string, number[]][] => [
    [`${name}.weight`, [inputs, outputs]],
    [`${name}.bias`, [outputs]],
  ];
  return new Map<string, readonly number[]>([
    ['embeddings', [vocabulary, width]],
    ...(headed ? ([['head', [vocabulary, width]]] as const) : []),
    ...norm('norm_f'),
    ['short.past2', [layers, 1, channels]],
    ['short.past1', [layers, 1, channels]],
    ['short.bias', [layers, 1, channels]],
    ['rho0', [convolutions, width]],
    ...Array.from({ length: layers }, (_, l) => `layers.${l}`).flatMap((name) => [
      ...norm(`${name}.norm1`),
      ...linear(`${name}.in_proj`, channels, width),
      [`${name}.short.now`, [channels]] as const,
      ...linear(`${name}.out_proj`, width, width),
      ...norm(`${name}.norm2`),
      ...linear(`${name}.fc1`, inner, width),
      ...linear(`${name}.fc2`, width, inner),
    ]),
    ...[features, hidden, hidden].flatMap((inputs, i) => [
      [`filter.${i}.weight`, [layers, inputs, hidden]] as const,
      [`filter.${i}.bias`, [layers, 1, hidden]] as const,
    ]),
    ['filter.last', [convolutions, hidden, width]],
    ['filter.frequency', [layers, 1, hidden]],
    ['filter.decay', [convolutions, 1, width]],
    ...(filter.positions === 'stored'
      ? ([
          ['filter.features', [layers, context, features]],
          ['filter.times', [layers, context, 1]],
        ] as const)
      : []),
    // No graph reads these two.
    ['filter.bias', [convolutions, width]],
    ['filter.deltas', [convolutions, width]],
  ]);
}

/**
 * How a matrix that tokens are multiplied with lies: its outputs are the rows or the columns. Undefined for all other tensors.
 */
export function orientationOf(name: string): 'rows' | 'columns' | undefined {
  if (name === 'embeddings' || name === 'head') return 'rows';
  return /^layers\.\d+\.(in_proj|out_proj|fc1|gate|fc2)\.weight$/.test(name) ? 'columns' : undefined;
}

/** The values of `hyenaTensors`, each made when it is asked for. */
export function hyenaValues(
  model: HyenaDimensions,
  filter: FilterDimensions,
  weights: HyenaWeights,
): ReadonlyMap<string, Values> {
  const { width, inner } = model;
  const { features, hidden } = filter;
  const channels = (model.order + 1) * width;
  const values = new Map<string, Values>();
  const addNorm = (name: string, norm: Norm): void => {
    values.set(`${name}.weight`, norm.weight).set(`${name}.bias`, norm.bias);
  };
  const addLinear = (name: string, outputs: number, inputs: number, linear: Linear): void => {
    values.set(`${name}.weight`, transposed(linear.weight, outputs, inputs));
    values.set(`${name}.bias`, linear.bias);
  };
  const stack = (name: string, part: (layer: LayerWeights) => Float32Array): void => {
    values.set(name, () => concatenate(weights.layers.map(part)));
  };

  values.set('embeddings', weights.embeddings);
  if (weights.head !== undefined) values.set('head', weights.head);
  addNorm('norm_f', weights.normF);
  stack('short.past2', ({ short }) => tapOf(short.weight(), 0));
  stack('short.past1', ({ short }) => tapOf(short.weight(), 1));
  stack('short.bias', ({ short }) => short.bias());
  stack('rho0', (layer) => firstTap(filter, layer.filter));

  weights.layers.forEach((layer, l) => {
    const name = `layers.${l}`;
    addNorm(`${name}.norm1`, layer.norm1);
    addLinear(`${name}.in_proj`, channels, width, layer.inProj);
    values.set(`${name}.short.now`, () => tapOf(layer.short.weight(), 2));
    addLinear(`${name}.out_proj`, width, width, layer.outProj);
    addNorm(`${name}.norm2`, layer.norm2);
    addLinear(`${name}.fc1`, inner, width, layer.fc1);
    addLinear(`${name}.fc2`, width, inner, layer.fc2);
  });

  [features, hidden, hidden].forEach((inputs, i) => {
    stack(`filter.${i}.weight`, (layer) => transpose(layer.filter.hidden[i].weight(), hidden, inputs));
    stack(`filter.${i}.bias`, (layer) => layer.filter.hidden[i].bias());
  });
  stack('filter.last', ({ filter: { last } }) =>
    concatenate(split(last(), model.order - 1).map((matrix) => transpose(matrix, width, hidden))),
  );
  stack('filter.frequency', (layer) => layer.filter.frequency());
  stack('filter.decay', (layer) => layer.filter.deltas().map((delta) => -Math.abs(delta)));
  if (filter.positions === 'stored') {
    const positions = ({ filter: { positions } }: LayerWeights): NonNullable<FilterWeights['positions']> => {
      if (positions === undefined) throw new RangeError('the positions to be stored are not there');
      return positions;
    };
    stack('filter.features', (layer) => positions(layer).features());
    stack('filter.times', (layer) => positions(layer).times());
  }
  stack('filter.bias', (layer) => layer.filter.bias());
  stack('filter.deltas', (layer) => layer.filter.deltas());
  return values;
}

/** `transpose`, when the values are asked for. */
export function transposed(values: Values, rows: number, columns: number): Values {
  return Object.assign(() => transpose(values(), rows, columns), { transposed: values });
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

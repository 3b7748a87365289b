/**
 * Hyena's operator of order 2 whose filter comes out of the step: with p = W x + b and a causal convolution of three taps over p,
 * which gives x_0, x_1, v and h,
 *
 *     y[t] = x_1[t] v[t],   rho[t] = exp(-rate t) h[t],   z[t] = sum over i + d = t of y[i] rho[d],
 *
 * and the output is `W (z * x_0)`, all channel by channel. Of the sum, what position t brings itself are y[t] rho[0] and, for
 * t > 0, y[0] rho[t]; all else is pending. So the first input and the first tap are states; and two numbers that say where in
 * the text this is, as states are 0 where it begins: 1 from position 1 on, and 1 - exp(-rate t).
 */
import type { GraphBuilder, Value } from '../onnx/index.js';
import type { ModelDimensions } from './dimensions.js';
import { linear, multiply } from './linear.js';
import type { Branch } from './norm.js';
import type { LayerState } from './state.js';

/** Projections of an input: two gates, v and h. */
const PROJECTIONS = 4;

/** Parts of the state `begun`: the first input, the first tap, whether they are there, how much of the window has gone. */
const PARTS = 4;

export function dataDependentState(width: number): readonly LayerState[] {
  return [
    { name: 'short', dims: [PROJECTIONS * width], past: 2 },
    { name: 'begun', dims: [PARTS * width], past: 1 },
  ];
}

/** What a step needs of the rest of its graph, `[1, lane, channel]` each. */
export interface DataDependentStep {
  /** What the inputs before gave, see `shortPast`. */
  readonly past: Value;
  readonly begun: Value;
  readonly pending: Value;
}

/** The layer's output, its input and tap, and what becomes the states' newest. */
export interface DataDependentStepped {
  readonly branch: Branch;
  readonly inputs: readonly [Value, Value];
  readonly short: Value;
  readonly begun: Value;
}

/** One token. */
export function dataDependentStep(
  g: GraphBuilder,
  layer: number,
  normalised: Value,
  { past, begun, pending }: DataDependentStep,
): DataDependentStepped {
  const name = `layers.${layer}`;
  const add = (a: Value, b: Value): Value => g.node('Add', [a, b]);
  const mul = (a: Value, b: Value): Value => g.node('Mul', [a, b]);
  const less = (a: Value, b: Value): Value => g.node('Sub', [a, b]);
  const one = g.scalar(1);

  const short = linear(g, normalised, `${name}.in_proj`);
  const projected = add(mul(short, g.weight(`${name}.short.now`)), past);
  const [out, gate, v, h] = parts(g, projected, PROJECTIONS);
  const [first, firstTap, there, gone] = parts(g, begun, PARTS);

  const y = mul(gate, v);
  const tap = mul(h, less(one, gone));
  // At position 0 the firsts are 0, and become this position's.
  const absent = less(one, there);
  const nextFirst = add(first, mul(absent, y));
  const nextFirstTap = add(firstTap, mul(absent, tap));
  const own = add(mul(y, nextFirstTap), mul(mul(first, tap), there));
  const z = add(own, pending);

  const left = mul(less(one, gone), g.weight(`${name}.window`));
  const next = [nextFirst, nextFirstTap, add(there, absent), less(one, left)];
  return {
    branch: { value: multiply(g, mul(z, out), `${name}.out_proj.weight`), bias: `${name}.out_proj.bias` },
    inputs: [y, tap],
    short,
    begun: g.node('Concat', next, { attributes: { axis: -1 } }),
  };
}

function parts(g: GraphBuilder, value: Value, count: number): readonly Value[] {
  const names = Array.from({ length: count }, () => g.fresh('part'));
  return g.nodeOf('Split', [value], names, { attributes: { axis: -1, num_outputs: count } });
}

/** The tensors that the step graph reads, by name, with their shapes. Matrices are stored `[in, out]`. */
export function dataDependentTensors(
  { width, vocabulary, layers }: ModelDimensions,
  headed: boolean,
): ReadonlyMap<string, readonly number[]> {
  const channels = PROJECTIONS * width;
  const affine = (name: string, size: number, inputs?: number): [string, number[]][] => [
    [`${name}.weight`, inputs === undefined ? [size] : [inputs, size]],
    [`${name}.bias`, [size]],
  ];
  return new Map<string, readonly number[]>([
    ['embeddings', [vocabulary, width]],
    ...(headed ? ([['head', [vocabulary, width]]] as const) : []),
    ...affine('norm_f', width),
    ...['short.past2', 'short.past1', 'short.bias'].map((name): [string, number[]] => [
      name,
      [layers.length, 1, channels],
    ]),
    ...layers.flatMap(({ mlp: { inner } }, l): [string, number[]][] => {
      const name = `layers.${l}`;
      return [
        ...affine(`${name}.norm1`, width),
        ...affine(`${name}.in_proj`, channels, width),
        [`${name}.short.now`, [channels]],
        // exp(-rate), by channel.
        [`${name}.window`, [width]],
        ...affine(`${name}.out_proj`, width, width),
        ...affine(`${name}.norm2`, width),
        ...affine(`${name}.fc1`, inner, width),
        ...affine(`${name}.fc2`, width, inner),
      ];
    }),
  ]);
}

/**
 * Hyena's mixer in graphs. `p = W x + b`; a causal convolution of three taps over p gives the gates x_0 .. x_{order-1}
 * and v; then `z = v; for o = order - 1 .. 1: z = conv_o(z * x_o)`, and the output is `W f(z * x_0)`, f the identity as a
 * rule.
 */
import type { GraphBuilder, Value } from '../onnx/index.js';
import { activate } from './activation.js';
import type { HyenaSpec, LayerSpec, ModelDimensions } from './dimensions.js';
import { linear, multiply } from './linear.js';
import type { Branch } from './norm.js';
import type { LayerState } from './state.js';

/** The two inputs of the short convolution before the current one. */
export function hyenaState({ order }: HyenaSpec, width: number): readonly LayerState[] {
  return [{ name: 'short', dims: [(order + 1) * width], past: 2 }];
}

/** What a step needs of the rest of its graph. */
export interface HyenaStep {
  /** What the inputs before gave, see `shortPast`: `[1, lane, (order + 1) D]`. */
  readonly past: Value;
  /** The pending sums of the layer's convolutions, `[1, lane, D]` each. */
  readonly pending: readonly Value[];
  /** Number of the layer's first convolution. */
  readonly convolution: number;
}

/** The layer's output, its convolutions' inputs, and what becomes the state's newest. */
export interface HyenaStepped {
  readonly branch: Branch;
  readonly inputs: readonly Value[];
  readonly short: Value;
}

/**
 * What the two inputs before the current one add to every short convolution, bias included, for all layers of the kind
 * at once: nodes cost about a microsecond each. `[layer, lane, (order + 1) D]`.
 */
export function shortPast(g: GraphBuilder, older: Value, newer: Value): Value {
  const products = [
    g.node('Mul', [older, g.weight('short.past2')]),
    g.node('Mul', [newer, g.weight('short.past1')]),
  ];
  return g.node('Add', [g.node('Add', products), g.weight('short.bias')]);
}

/** One token. The convolutions' own terms `y * rho[0]` are computed here, the rest of them is pending. */
export function hyenaStep(
  g: GraphBuilder,
  { order, activation }: HyenaSpec,
  layer: number,
  normalised: Value,
  { past, pending, convolution }: HyenaStep,
): HyenaStepped {
  const short = linear(g, normalised, `layers.${layer}.in_proj`);
  const { gates, v } = splitProjections(g, order, addNow(g, layer, short, past));
  const inputs: Value[] = [];
  let z = v;
  for (let o = order - 1; o >= 1; o--) {
    const y = g.node('Mul', [z, gates[o]]);
    const own = g.node('Mul', [y, g.weight('rho0', convolution + inputs.length)]);
    z = g.node('Add', [own, pending[inputs.length]]);
    inputs.push(y);
  }
  return { branch: outProject(g, activation, layer, z, gates[0]), inputs, short };
}

/** Name of the output that holds gate x_o, 1 <= o <= order - 2. */
export function innerGate(o: number): string {
  return `inner_${o}`;
}

/**
 * Rows of a prompt, from the normalised input of a layer to its first convolution's input.
 *
 * - in: `short` `[2, (order + 1) D]`, the short convolution's two inputs before these rows
 * - out: `y` `[T, D]`, `gate_out` `[T, D]`, `short_out` `[2, (order + 1) D]`, and above order 2 `inner_1` ..
 *   `inner_{order - 2}` `[T, D]`: what the results of the other convolutions are multiplied with, the highest number first
 *
 * @param row the layer's, of tensors stacked over layers
 */
export function beginHyenaBlock(
  g: GraphBuilder,
  { order }: HyenaSpec,
  width: number,
  layer: number,
  row: number,
  normalised: Value,
): void {
  const channels = (order + 1) * width;
  const before = g.input('short', 'float32', [2, channels]);
  const p = linear(g, normalised, `layers.${layer}.in_proj`);
  const padded = g.node('Concat', [before, p], { attributes: { axis: 0 } });
  const slice = (start: number, end: number, result?: Value): Value =>
    g.node('Slice', [padded, g.constant([start]), g.constant([end]), g.constant([0])], {}, result);
  const older = g.node('Mul', [slice(0, -2), g.weight('short.past2', row)]);
  const old = g.node('Mul', [slice(1, -1), g.weight('short.past1', row)]);
  const past = g.node('Add', [g.node('Add', [older, old]), g.weight('short.bias', row)]);
  const { gates, v } = splitProjections(g, order, addNow(g, layer, p, past));
  g.node('Mul', [v, gates[order - 1]], {}, 'y');
  g.output('y', 'float32', ['time', width]);
  for (let o = 1; o < order - 1; o++) {
    g.node('Identity', [gates[o]], {}, innerGate(o));
    g.output(innerGate(o), 'float32', ['time', width]);
  }
  g.node('Identity', [gates[0]], {}, 'gate_out');
  g.output('gate_out', 'float32', ['time', width]);
  slice(-2, Number.MAX_SAFE_INTEGER, 'short_out');
  g.output('short_out', 'float32', [2, channels]);
}

/** From the last convolution's output `z` `[T, D]` and the gate `[T, D]` handed out before it to the layer's output. */
export function endHyenaBlock(
  g: GraphBuilder,
  { activation }: HyenaSpec,
  width: number,
  layer: number,
): Branch {
  const gate = g.input('gate', 'float32', ['time', width]);
  const z = g.input('z', 'float32', ['time', width]);
  return outProject(g, activation, layer, z, gate);
}

function outProject(
  g: GraphBuilder,
  activation: HyenaSpec['activation'],
  layer: number,
  z: Value,
  gate: Value,
): Branch {
  const name = `layers.${layer}.out_proj`;
  const gated = g.node('Mul', [z, gate]);
  const output = activate(g, activation, gated);
  return { value: multiply(g, output, `${name}.weight`), bias: `${name}.bias` };
}

/** Adds the current input's tap to what the two inputs before it gave. */
function addNow(g: GraphBuilder, layer: number, p: Value, past: Value): Value {
  return g.node('Add', [g.node('Mul', [p, g.weight(`layers.${layer}.short.now`)]), past]);
}

/** The thirds (at order 2) of the short convolution's output: gates x_0 .. x_{order-1}, then v. */
function splitProjections(g: GraphBuilder, order: number, c: Value): { gates: readonly Value[]; v: Value } {
  const names = Array.from({ length: order + 1 }, () => g.fresh('third'));
  g.nodeOf('Split', [c], names, { attributes: { axis: -1, num_outputs: names.length } });
  return { gates: names.slice(0, -1), v: names[order] };
}

/** The layers of a model whose mixers are all Hyena's. Throws a RangeError for another. */
export function hyenaLayers({ layers }: ModelDimensions): readonly LayerSpec<HyenaSpec>[] {
  return layers.map(({ mixer, ...rest }) => {
    if (mixer.kind !== 'hyena')
      throw new RangeError(`a ${mixer.kind} layer among those of long convolutions`);
    return { mixer, ...rest };
  });
}

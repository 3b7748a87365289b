/**
 * Hyena's operator of order 2 with a filter that a recurrence computes. `p = W n + b`; a causal convolution of three taps over p,
 * with a bias, gives gates x_0, x_1 and v; the output is `W (x_0 * conv(x_1 * v)) + b`.
 */
import type { GraphBuilder, Value } from '../onnx/index.js';
import type { ModalSpec, WindowSpec } from './dimensions.js';
import { linear } from './linear.js';
import { convolveModes, modalState } from './modal.js';
import type { LayerState } from './state.js';
import { convolveWindow, windowState } from './window.js';

/** Taps of the short convolution. */
export const SHORT = 3;

const shortOf = (layer: number): string => `layers.${layer}.short`;
const filterOf = (layer: number): string => `layers.${layer}.filter`;

export function recurrentState(
  spec: WindowSpec | ModalSpec,
  width: number,
  layer: number,
): readonly LayerState[] {
  const name = filterOf(layer);
  const inner = spec.kind === 'modal' ? modalState(name, spec, width) : [windowState(name, spec.taps, width)];
  return [windowState(shortOf(layer), SHORT, 3 * width), ...inner];
}

/** The layer's output of `n`, its normalised input, `[lane, time, D]` both; at most `rows` rows. */
export function recurrentMixer(
  g: GraphBuilder,
  spec: WindowSpec | ModalSpec,
  width: number,
  layer: number,
  n: Value,
  rows: number,
): Value {
  const short = { taps: SHORT, channels: 3 * width, rows };
  const p = linear(g, n, `layers.${layer}.in_proj`);
  const convolved = convolveWindow(g, shortOf(layer), short, p);
  const z = g.node('Add', [convolved, g.weight(`${shortOf(layer)}.bias`)]);
  const [outer, inner, v] = g.nodeOf('Split', [z], [g.fresh('x0'), g.fresh('x1'), g.fresh('v')], {
    attributes: { axis: -1, num_outputs: 3 },
  });
  const u = g.node('Mul', [inner, v]);
  const name = filterOf(layer);
  const c =
    spec.kind === 'modal'
      ? convolveModes(g, name, spec, width, u, rows)
      : convolveWindow(g, name, { taps: spec.taps, channels: width, rows }, u);
  return linear(g, g.node('Mul', [outer, c]), `layers.${layer}.out_proj`);
}

/**
 * The block graphs: the model cut at its mixers, for prompts. Stage l reads what stage l - 1 and the
 * convolution after it left, and goes as far as the next layer's first convolution; the last stage ends the
 * last layer. The time axis is free, so a prompt of any length runs in chunks of rows.
 *
 * Above order 2 a layer has several convolutions. Between two of them there is nothing but a product with a
 * gate, which needs no graph: the stage hands those inner gates out, and whoever convolves multiplies.
 *
 * Tap 0 belongs to the convolution here; only the step graph splits it off.
 */
import type { ModelDimensions } from '../bundle/config.js';
import { GraphBuilder, type Value } from '../onnx/graph.js';
import { addAndNorm, addNow, finishLayer, head, norm, project, splitProjections } from './layer.js';
import type { TensorTable } from '../onnx/tensors.js';

/**
 * Stage `stage` of `layers + 1`, T rows.
 *
 * - in: `ids` `[T]` int64 at stage 0, else `x` `[T, D]`, `gate` `[T, D]`, `z` `[T, D]` of the layer before;
 *   before the last stage also `state` `[2, (order + 1) D]`, the short convolution's two inputs before these rows
 * - out: `x_out` `[T, D]`; before the last stage also `y` `[T, D]`, `gate_out` `[T, D]`,
 *   `state_out` `[2, (order + 1) D]`, and above order 2 `inner_1` .. `inner_{order - 2}` `[T, D]`: what the
 *   results of the other convolutions are multiplied with, the highest number first
 */
export function blockGraph(model: ModelDimensions, stage: number, table: TensorTable): Uint8Array {
  const { layers, width } = model;
  const g = new GraphBuilder(`block${stage}`, table);
  const rows = (name: string): Value => g.input(name, 'float32', ['time', width]);

  if (stage === 0) {
    const ids = g.input('ids', 'int64', ['time']);
    const x = g.node('Gather', [g.weight('embeddings'), ids], {}, 'x_out');
    startLayer(g, model, 0, norm(g, model, x, 'layers.0.norm1'));
  } else {
    const end = finishLayer(g, model, stage - 1, { x: rows('x'), gate: rows('gate'), z: rows('z') });
    if (stage === layers) {
      const branch = g.node('Add', [end.branch, g.weight(end.bias)]);
      g.node('Add', [end.x, branch], {}, 'x_out');
    } else {
      const next = addAndNorm(g, model, end.x, end.branch, end.bias, `layers.${stage}.norm1`);
      g.node('Identity', [next.x], {}, 'x_out');
      startLayer(g, model, stage, next.normalised);
    }
  }
  g.output('x_out', 'float32', ['time', width]);
  return g.encode();
}

/** Name of the output that holds gate x_o, 1 <= o <= order - 2. */
export function innerGate(o: number): string {
  return `inner_${o}`;
}

/** From the normalised input of a layer to its mixer's input. */
function startLayer(g: GraphBuilder, model: ModelDimensions, layer: number, normalised: Value): void {
  const { width } = model;
  const channels = (model.order + 1) * width;
  const name = `layers.${layer}.short`;
  const state = g.input('state', 'float32', [2, channels]);
  const p = project(g, layer, normalised);
  const padded = g.node('Concat', [state, p], { attributes: { axis: 0 } });
  const slice = (start: number, end: number, result?: Value): Value =>
    g.node('Slice', [padded, g.constant([start]), g.constant([end]), g.constant([0])], {}, result);
  const older = g.node('Mul', [slice(0, -2), g.weight(`${name}.past2`)]);
  const old = g.node('Mul', [slice(1, -1), g.weight(`${name}.past1`)]);
  const past = g.node('Add', [g.node('Add', [older, old]), g.weight(`${name}.bias`)]);
  const { gates, v } = splitProjections(g, model, addNow(g, layer, p, past));
  g.node('Mul', [v, gates[model.order - 1]], {}, 'y');
  for (let o = 1; o < model.order - 1; o++) {
    g.node('Identity', [gates[o]], {}, innerGate(o));
    g.output(innerGate(o), 'float32', ['time', width]);
  }
  g.node('Identity', [gates[0]], {}, 'gate_out');
  slice(-2, Number.MAX_SAFE_INTEGER, 'state_out');
  g.output('y', 'float32', ['time', width]);
  g.output('gate_out', 'float32', ['time', width]);
  g.output('state_out', 'float32', [2, channels]);
}

/** The head, for T rows of the last stage: `x` `[T, D]` -> `hidden` `[T, D]` (normalised), `logits` `[T, V]`. */
export function headGraph(model: ModelDimensions, tied: boolean, table: TensorTable): Uint8Array {
  const g = new GraphBuilder('head', table);
  const x = g.input('x', 'float32', ['time', model.width]);
  const hidden = norm(g, model, x, 'norm_f', 'hidden');
  head(g, tied, hidden, 'logits');
  g.output('hidden', 'float32', ['time', model.width]);
  g.output('logits', 'float32', ['time', model.vocabulary]);
  return g.encode();
}

/**
 * The step graph: one token through the whole model, whatever its number of layers, in one call.
 *
 * At a position, all a layer needs of its mixer is the *pending* sum over the strict past; the missing term
 * `y * rho[0]` is computed here. Every value keeps a leading axis of size 1 (time), so that layers can be cut
 * out of and stacked into `[layer, batch, ...]` arrays without reshaping. Nodes cost about a microsecond
 * each, so what can be done for all layers at once is done once.
 */
import type { ModelDimensions } from '../bundle/config.js';
import { GraphBuilder, type Value } from '../onnx/graph.js';
import { addAndNorm, addNow, finishLayer, head, norm, project, splitProjections } from './layer.js';
import type { TensorTable } from '../onnx/tensors.js';

/**
 * - in: `token` `[1, B]` int64, `pending` `[mixer, B, D]`, `state` `[layer, B, 2, (order + 1) D]`
 * - out: `logits` `[1, B, V]`, `y` `[mixer, B, D]`, `state_out` like `state`, `hidden` `[1, B, D]` (what the head
 *   reads)
 */
export function stepGraph(model: ModelDimensions, tied: boolean, table: TensorTable): Uint8Array {
  const { order, layers, width, vocabulary } = model;
  const mixers = (order - 1) * layers;
  const channels = (order + 1) * width;
  const g = new GraphBuilder('step', table);
  const token = g.input('token', 'int64', [1, 'batch']);
  const pending = g.input('pending', 'float32', [mixers, 'batch', width]);
  const state = g.input('state', 'float32', [layers, 'batch', 2, channels]);

  const pendings = unstack(g, pending, mixers);
  const pasts = unstack(g, shortPast(g, state), layers);
  const inputs: Value[] = [];
  const ys: Value[] = [];

  let x = g.node('Gather', [g.weight('embeddings'), token]);
  let normalised = norm(g, model, x, 'layers.0.norm1');
  for (let l = 0; l < layers; l++) {
    const p = project(g, l, normalised);
    inputs.push(p);
    const { gates, v } = splitProjections(g, model, addNow(g, l, p, pasts[l]));
    let z = v;
    for (let o = order - 1; o >= 1; o--) {
      const mixer = ys.length;
      const y = g.node('Mul', [z, gates[o]]);
      ys.push(y);
      z = g.node('Add', [g.node('Mul', [y, g.weight(`mixers.${mixer}.rho0`)]), pendings[mixer]]);
    }
    const end = finishLayer(g, model, l, { x, gate: gates[0], z });
    const last = l + 1 === layers;
    const next = last ? 'norm_f' : `layers.${l + 1}.norm1`;
    ({ x, normalised } = addAndNorm(
      g,
      model,
      end.x,
      end.branch,
      end.bias,
      next,
      last ? 'hidden' : undefined,
    ));
  }

  head(g, tied, normalised, 'logits');
  g.output('logits', 'float32', [1, 'batch', vocabulary]);
  g.output('hidden', 'float32', [1, 'batch', width]);
  g.node('Concat', ys, { attributes: { axis: 0 } }, 'y');
  g.output('y', 'float32', [mixers, 'batch', width]);
  shiftState(g, state, inputs);
  g.output('state_out', 'float32', [layers, 'batch', 2, channels]);
  return g.encode();
}

/** `[n, ...]` -> n values `[1, ...]`. */
function unstack(g: GraphBuilder, stacked: Value, n: number): readonly Value[] {
  if (n === 1) return [stacked];
  const names = Array.from({ length: n }, () => g.fresh('unstacked'));
  return g.nodeOf('Split', [stacked], names, { attributes: { axis: 0, num_outputs: n } });
}

/** What the two previous inputs add to every short convolution, bias included: `[layer, B, (order + 1) D]`. */
function shortPast(g: GraphBuilder, state: Value): Value {
  const products = g.node('Mul', [state, g.weight('short.past')]);
  const sums = g.node('ReduceSum', [products, g.constant([2])], { attributes: { keepdims: 0 } });
  return g.node('Add', [sums, g.weight('short.bias')]);
}

/** Drops the older input of every layer and appends this token's. */
function shiftState(g: GraphBuilder, state: Value, inputs: readonly Value[]): void {
  const stacked = g.node('Concat', inputs, { attributes: { axis: 0 } });
  const newest = g.node('Unsqueeze', [stacked, g.constant([2])]);
  const older = g.node('Slice', [state, g.constant([1]), g.constant([2]), g.constant([2])]);
  g.node('Concat', [older, newest], { attributes: { axis: 2 } }, 'state_out');
}

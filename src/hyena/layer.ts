/** The pieces of a Hyena layer that the step and the block graphs share. */
import type { ModelDimensions } from '../bundle/config.js';
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/graph.js';

/** `x + branch` and its normalised form, which the next branch reads. */
export interface Residual {
  readonly x: Value;
  readonly normalised: Value;
}

/** LayerNorm over channels. */
export function norm(g: GraphBuilder, model: ModelDimensions, x: Value, name: string, result?: Value): Value {
  const inputs = [x, g.weight(`${name}.weight`), g.weight(`${name}.bias`)];
  const options = { attributes: { axis: -1 }, floats: { epsilon: model.normEps } };
  return g.node('LayerNormalization', inputs, options, result);
}

/** `(x + branch + bias)` and its LayerNorm in one node: the residual's addition, the projection's bias, the norm. */
export function addAndNorm(
  g: GraphBuilder,
  model: ModelDimensions,
  x: Value,
  branch: Value,
  bias: string,
  name: string,
  result: Value = g.fresh('normalised'),
): Residual {
  const inputs = [x, branch, g.weight(`${name}.weight`), g.weight(`${name}.bias`), g.weight(bias)];
  const results = [result, '', '', g.fresh('x')];
  const options = { domain: CONTRIB, floats: { epsilon: model.normEps } } as const;
  g.nodeOf('SkipLayerNormalization', inputs, results, options);
  return { normalised: results[0], x: results[3] };
}

/** The short convolution's inputs p, bias included: `[..., (order + 1) D]`. */
export function project(g: GraphBuilder, layer: number, normalised: Value): Value {
  const name = `layers.${layer}.in_proj`;
  const product = g.node('MatMul', [normalised, g.weight(`${name}.weight`)]);
  return g.node('Add', [product, g.weight(`${name}.bias`)]);
}

/** Adds the current input's tap to what the two inputs before it gave. */
export function addNow(g: GraphBuilder, layer: number, p: Value, past: Value): Value {
  return g.node('Add', [g.node('Mul', [p, g.weight(`layers.${layer}.short.now`)]), past]);
}

/** The thirds (at order 2) of the short convolution's output: gates x_0 .. x_{order-1}, then v. */
export function splitProjections(
  g: GraphBuilder,
  model: ModelDimensions,
  c: Value,
): { gates: readonly Value[]; v: Value } {
  const names = Array.from({ length: model.order + 1 }, () => g.fresh('third'));
  g.nodeOf('Split', [c], names, { attributes: { axis: -1, num_outputs: names.length } });
  return { gates: names.slice(0, -1), v: names[model.order] };
}

/** From the last mixer's output z to the end of the layer, the last projection's bias not yet added. */
export function finishLayer(
  g: GraphBuilder,
  model: ModelDimensions,
  layer: number,
  { x, gate, z }: { x: Value; gate: Value; z: Value },
): { x: Value; branch: Value; bias: string } {
  const name = `layers.${layer}`;
  const gated = g.node('Mul', [z, gate]);
  const mixed = g.node('MatMul', [gated, g.weight(`${name}.out_proj.weight`)]);
  const middle = addAndNorm(g, model, x, mixed, `${name}.out_proj.bias`, `${name}.norm2`);
  const up = g.node('MatMul', [middle.normalised, g.weight(`${name}.fc1.weight`)]);
  // FastGelu is the tanh form, and takes the bias along.
  const hidden = g.node('FastGelu', [up, g.weight(`${name}.fc1.bias`)], { domain: CONTRIB });
  const branch = g.node('MatMul', [hidden, g.weight(`${name}.fc2.weight`)]);
  return { x: middle.x, branch, bias: `${name}.fc2.bias` };
}

/** Logits of normalised rows: times the head, or the embeddings it is tied to, transposed. */
export function head(g: GraphBuilder, tied: boolean, normalised: Value, result: Value): void {
  const options = { attributes: { transB: 1 }, domain: CONTRIB } as const;
  g.node('FusedMatMul', [normalised, g.weight(tied ? 'embeddings' : 'head')], options, result);
}

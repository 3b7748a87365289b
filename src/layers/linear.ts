/** Products with weights: the one place that knows how matrices are stored. */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';

/** `x W`, W `[in, out]`. */
export function multiply(g: GraphBuilder, x: Value, weight: string): Value {
  return g.node('MatMul', [x, g.weight(weight)]);
}

/** `x W + b` with the weights `NAME.weight` `[in, out]` and `NAME.bias`. */
export function linear(g: GraphBuilder, x: Value, name: string): Value {
  return g.node('Add', [multiply(g, x, `${name}.weight`), g.weight(`${name}.bias`)]);
}

/** Rows of the embeddings. */
export function embed(g: GraphBuilder, ids: Value, result?: Value): Value {
  return g.node('Gather', [g.weight('embeddings'), ids], {}, result);
}

/**
 * Logits of normalised rows: times the head, or the embeddings it is tied to, transposed.
 *
 * @param fused where the device has a kernel that multiplies with the transpose; elsewhere it is made when the graph loads
 */
export function head(g: GraphBuilder, normalised: Value, fused: boolean, result: Value): void {
  const weight = g.weight(g.has('head') ? 'head' : 'embeddings');
  if (fused) {
    const options = { attributes: { transB: 1 }, domain: CONTRIB } as const;
    g.node('FusedMatMul', [normalised, weight], options, result);
  } else {
    const transposed = g.node('Transpose', [weight], { attributes: { perm: [1, 0] } });
    g.node('MatMul', [normalised, transposed], {}, result);
  }
}

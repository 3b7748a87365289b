/**
 * Products with weights: the one place that knows how matrices are stored.
 *
 * In float32, a matrix is `[in, out]`, embeddings and head are `[vocabulary, width]`. Quantised, all of them are
 * `[out, block, bytes]`, with float32 scales `[out, block]` beside them (`NAME.scales`).
 */
import { CONTRIB, type GraphBuilder, type Packing, type Value } from '../onnx/index.js';

/**
 * Products with quantised weights round a row of what they multiply to 8 bits, block by block, and are sums of integers. Any
 * other level takes kernels that are many times slower.
 */
const EIGHT_BIT_ROWS = 4;

/** The name of a quantised weight's scales. */
export const scalesOf = (weight: string): string => `${weight}.scales`;

/** `x W`, W `[in, out]`. */
export function multiply(g: GraphBuilder, x: Value, weight: string): Value {
  const packing = g.packing(weight);
  if (packing !== undefined) return multiplyPacked(g, x, weight, packing);
  return g.node('MatMul', [x, g.weight(weight)]);
}

/** `x W + b` with the weights `NAME.weight` `[in, out]` and `NAME.bias`. */
export function linear(g: GraphBuilder, x: Value, name: string): Value {
  const bias = g.weight(`${name}.bias`);
  const packing = g.packing(`${name}.weight`);
  if (packing !== undefined) return multiplyPacked(g, x, `${name}.weight`, packing, { bias });
  return g.node('Add', [multiply(g, x, `${name}.weight`), bias]);
}

/** Rows of the embeddings. */
export function embed(g: GraphBuilder, ids: Value, result?: Value): Value {
  const packing = g.packing('embeddings');
  if (packing === undefined) return g.node('Gather', [g.weight('embeddings'), ids], {}, result);
  const { bits, block } = packing;
  const [rows, blocks, bytes] = g.dims('embeddings');
  const inputs = [g.reshaped('embeddings', [rows, blocks * bytes]), ids, g.weight(scalesOf('embeddings'))];
  const attributes = { bits, block_size: block, gather_axis: 0, quantize_axis: 1 };
  return g.node('GatherBlockQuantized', inputs, { attributes, domain: CONTRIB }, result);
}

/**
 * Logits of normalised rows: times the head, or the embeddings it is tied to, transposed.
 *
 * @param fused where the device has a kernel that multiplies with the transpose; elsewhere it is made when the graph loads
 */
export function head(g: GraphBuilder, normalised: Value, fused: boolean, result: Value): void {
  const name = g.has('head') ? 'head' : 'embeddings';
  const packing = g.packing(name);
  if (packing !== undefined) {
    multiplyPacked(g, normalised, name, packing, { result });
  } else if (fused) {
    const options = { attributes: { transB: 1 }, domain: CONTRIB } as const;
    g.node('FusedMatMul', [normalised, g.weight(name)], options, result);
  } else {
    const transposed = g.node('Transpose', [g.weight(name)], { attributes: { perm: [1, 0] } });
    g.node('MatMul', [normalised, transposed], {}, result);
  }
}

/** `x W`, and a bias if there is one. */
function multiplyPacked(
  g: GraphBuilder,
  x: Value,
  weight: string,
  { bits, block }: Packing,
  { bias, result }: { readonly bias?: Value; readonly result?: Value } = {},
): Value {
  const [outputs, blocks] = g.dims(weight);
  const inputs = [
    x,
    g.weight(weight),
    g.weight(scalesOf(weight)),
    ...(bias === undefined ? [] : ['', '', bias]),
  ];
  const attributes = {
    K: blocks * block,
    N: outputs,
    bits,
    block_size: block,
    accuracy_level: EIGHT_BIT_ROWS,
  };
  return g.node('MatMulNBits', inputs, { attributes, domain: CONTRIB }, result);
}

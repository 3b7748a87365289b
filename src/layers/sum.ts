import type { GraphBuilder, Value } from '../onnx/index.js';

/**
 * The sum of `rows` rows, `[..., row, channel]` -> `[..., 1, channel]`. A product with ones: how a reduction of ONNX Runtime
 * rounds depends on how many of them there are side by side.
 */
export function sumRows(g: GraphBuilder, x: Value, rows: number): Value {
  const ones = g.node('Expand', [g.scalar(1), g.constant([1, rows])]);
  return g.node('MatMul', [ones, x]);
}

/** What is computed value by value between two products. */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';
import type { Activation } from './dimensions.js';

const ACTIVATE: { readonly [A in Activation]: (g: GraphBuilder, x: Value) => Value } = {
  relu: (g, x) => g.node('Relu', [x]),
  gelu: (g, x) => g.node('Gelu', [x], { domain: CONTRIB }),
  silu: (g, x) => g.node('Mul', [x, g.node('Sigmoid', [x])]),
  sigmoid: (g, x) => g.node('Sigmoid', [x]),
  tanh: (g, x) => g.node('Tanh', [x]),
};

/** `f(x)`; x itself where there is no f. */
export function activate(g: GraphBuilder, activation: Activation | undefined, x: Value): Value {
  return activation === undefined ? x : ACTIVATE[activation](g, x);
}

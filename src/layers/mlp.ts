/** MLPs, which are the same in all graphs. */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';
import { activate } from './activation.js';
import type { GatedMlpSpec } from './dimensions.js';
import { multiply } from './linear.js';
import type { Branch } from './norm.js';

/** Two linear layers around a GELU. */
export function geluMlp(g: GraphBuilder, layer: number, x: Value): Branch {
  const name = `layers.${layer}`;
  const up = multiply(g, x, `${name}.fc1.weight`);
  // FastGelu is the tanh form, and takes the bias along.
  const hidden = g.node('FastGelu', [up, g.weight(`${name}.fc1.bias`)], { domain: CONTRIB });
  return { value: multiply(g, hidden, `${name}.fc2.weight`), bias: `${name}.fc2.bias` };
}

/** `W3 (f(W1 x) * W2 x)`: `fc1`, `gate` and `fc2` are W1, W2 and W3. */
export function gatedMlp(g: GraphBuilder, { activation }: GatedMlpSpec, layer: number, x: Value): Value {
  const name = `layers.${layer}`;
  const up = activate(g, activation, multiply(g, x, `${name}.fc1.weight`));
  const gated = g.node('Mul', [up, multiply(g, x, `${name}.gate.weight`)]);
  return multiply(g, gated, `${name}.fc2.weight`);
}

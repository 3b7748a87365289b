/** MLPs, which are the same in the step and in the block graphs. */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';
import type { MlpSpec } from './dimensions.js';
import { multiply } from './linear.js';
import type { Branch } from './norm.js';

const MLPS: { readonly [K in MlpSpec['kind']]: (g: GraphBuilder, layer: number, x: Value) => Branch } = {
  gelu: (g, layer, x) => {
    const name = `layers.${layer}`;
    const up = multiply(g, x, `${name}.fc1.weight`);
    // FastGelu is the tanh form, and takes the bias along.
    const hidden = g.node('FastGelu', [up, g.weight(`${name}.fc1.bias`)], { domain: CONTRIB });
    return { value: multiply(g, hidden, `${name}.fc2.weight`), bias: `${name}.fc2.bias` };
  },
};

/** The MLP of a layer. */
export function mlp(g: GraphBuilder, { kind }: MlpSpec, layer: number, normalised: Value): Branch {
  return MLPS[kind](g, layer, normalised);
}

/** Norms, and the residual additions that go with them in one node. */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';
import type { NormSpec } from './dimensions.js';

/** What a mixer or an MLP adds to the residual: a value, and the name of a bias not yet added to it. */
export interface Branch {
  readonly value: Value;
  readonly bias: string;
}

/** `x + branch` and its normalised form, which the next branch reads. */
export interface Residual {
  readonly x: Value;
  readonly normalised: Value;
}

/** `x` normalised over channels with the weights called `name`. */
export function norm(g: GraphBuilder, spec: NormSpec, x: Value, name: string, result?: Value): Value {
  const inputs = [x, g.weight(`${name}.weight`), g.weight(`${name}.bias`)];
  const options = { attributes: { axis: -1 }, floats: { epsilon: spec.epsilon } };
  return g.node('LayerNormalization', inputs, options, result);
}

/** The residual's addition, the branch's bias and the norm in one node. */
export function addAndNorm(
  g: GraphBuilder,
  spec: NormSpec,
  x: Value,
  { value, bias }: Branch,
  name: string,
  result: Value = g.fresh('normalised'),
): Residual {
  const inputs = [x, value, g.weight(`${name}.weight`), g.weight(`${name}.bias`), g.weight(bias)];
  const results = [result, '', '', g.fresh('x')];
  const options = { domain: CONTRIB, floats: { epsilon: spec.epsilon } } as const;
  g.nodeOf('SkipLayerNormalization', inputs, results, options);
  return { normalised: results[0], x: results[3] };
}

/** `x + branch`, where nothing is normalised after it. */
export function add(g: GraphBuilder, x: Value, { value, bias }: Branch, result: Value): void {
  g.node('Add', [x, g.node('Add', [value, g.weight(bias)])], {}, result);
}

/**
 * `w x / (rms(x) + epsilon)`, rms the root of the mean of squares over channels. ONNX Runtime's own operator has epsilon under
 * the root, which is another norm where x is small.
 */
export function rmsNorm(
  g: GraphBuilder,
  { epsilon }: NormSpec,
  width: number,
  x: Value,
  name: string,
  result?: Value,
): Value {
  const length = g.node('ReduceL2', [x, g.constant([-1])], { attributes: { keepdims: 1 } });
  const rms = g.node('Mul', [length, g.scalar(width ** -0.5)]);
  const scaled = g.node('Div', [x, g.node('Add', [rms, g.scalar(epsilon)])]);
  return g.node('Mul', [scaled, g.weight(`${name}.weight`)], {}, result);
}

/**
 * Causal attention: `softmax(q k^T / sqrt(d)) v` over all positions up to the own, d channels a head. Queries and keys are rotated
 * by their positions before: the pair of channels j and j + d/2 by the angle `position * frequency[j]`.
 */
import { CONTRIB, type GraphBuilder, type Value } from '../onnx/index.js';
import type { AttentionSpec, KeyValueType } from './dimensions.js';
import { linear } from './linear.js';
import type { LayerState } from './state.js';

/** Rotated keys, and values. */
export function attentionState(
  { heads }: AttentionSpec,
  width: number,
  layer: number,
): readonly LayerState[] {
  return ['keys', 'values'].map((what) => {
    return { name: `layers.${layer}.${what}`, dims: [heads, width / heads], past: 1, grows: true };
  });
}

/** What attention needs to know of positions, the same in all layers. */
export interface Places {
  /** Of the rows' angles, `[lane, 1, time, d / 2]`. */
  readonly cosine: Value;
  readonly sine: Value;
  /** Added to scores, `[lane, 1, time, row before or own]`: 0 for what may be looked at, minus infinity for the rest. */
  readonly mask: Value;
  /** How many rows before there are, and how many own. */
  readonly spans: Value;
}

/** The graph's inputs of the names of `Places`. */
export function inputPlaces(g: GraphBuilder, channels: number): Places {
  const angles = ['lane', 1, 'time', channels / 2];
  return {
    cosine: g.input('cosine', 'float32', angles),
    sine: g.input('sine', 'float32', angles),
    mask: g.input('mask', 'float32', ['lane', 1, 'time', 'before_and_own']),
    spans: g.input('spans', 'int64', [2]),
  };
}

/**
 * The layer's output of `n`, its normalised input, `[lane, time, D]` both.
 *
 * @param type of keys and values that are kept. Those of the rows themselves are rounded, too: what a position sees of another does
 *   not depend on which rows went through together
 */
export function attention(
  g: GraphBuilder,
  { heads }: AttentionSpec,
  width: number,
  layer: number,
  n: Value,
  { cosine, sine, mask, spans }: Places,
  type: KeyValueType,
): Value {
  const name = `layers.${layer}`;
  const channels = width / heads;
  const exact = type === 'float32';
  const before = (what: string): Value => {
    const kept = g.input(`${name}.${what}_1`, type, ['lane', heads, 'before', channels]);
    return exact ? kept : g.cast(kept, 'float32');
  };
  /** What is kept of own rows; returns what they are from then on. */
  const keep = (own: Value, what: string): Value => {
    g.output(`${name}.${what}_0`, type, ['lane', heads, 'time', channels]);
    return exact ? own : g.cast(g.cast(own, type, `${name}.${what}_0`), 'float32');
  };
  const kept = (what: string): Value => (exact ? `${name}.${what}_0` : g.fresh(what));
  const [pastKeys, pastValues] = [before('keys'), before('values')];
  const turn = (x: Value): Value => g.node('Transpose', [x], { attributes: { perm: [0, 2, 1, 3] } });
  const split = (x: Value, axis: number, results: readonly Value[]): readonly Value[] =>
    g.nodeOf('Split', [x], results, { attributes: { axis, num_outputs: results.length } });

  const projected = linear(g, n, `${name}.in_proj`);
  const byHead = turn(g.node('Reshape', [projected, g.constant([0, 0, 3 * heads, channels])]));
  const [q, k, v] = split(byHead, 1, [g.fresh('q'), g.fresh('k'), kept('values')]);
  const values = keep(v, 'values');
  const rotate = (x: Value, result?: Value): Value => {
    const [a, b] = split(x, -1, [g.fresh('low'), g.fresh('high')]);
    const times = (y: Value, z: Value): Value => g.node('Mul', [y, z]);
    const low = g.node('Sub', [times(a, cosine), times(b, sine)]);
    const high = g.node('Add', [times(b, cosine), times(a, sine)]);
    return g.node('Concat', [low, high], { attributes: { axis: -1 } }, result);
  };
  const queries = g.node('Mul', [rotate(q), g.scalar(channels ** -0.5)]);
  const keys = keep(rotate(k, kept('keys')), 'keys');

  const scoresOf = (rows: Value): Value =>
    g.node('FusedMatMul', [queries, rows], { attributes: { transB: 1 }, domain: CONTRIB });
  const scores = g.node('Concat', [scoresOf(pastKeys), scoresOf(keys)], { attributes: { axis: -1 } });
  const weights = g.node('Softmax', [g.node('Add', [scores, mask])], { attributes: { axis: -1 } });
  const [ofPast, ofOwn] = g.nodeOf('Split', [weights, spans], [g.fresh('past'), g.fresh('own')], {
    attributes: { axis: -1 },
  });
  const sum = g.node('Add', [g.node('MatMul', [ofPast, pastValues]), g.node('MatMul', [ofOwn, values])]);
  const joined = g.node('Reshape', [turn(sum), g.constant([0, 0, width])]);
  return linear(g, joined, `${name}.out_proj`);
}

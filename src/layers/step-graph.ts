/**
 * The step graph: one token through the whole model, whatever its number of layers, in one call.
 *
 * At a position, all a layer needs of its convolutions are the *pending* sums over the strict past; the missing terms
 * `y * rho[0]` are computed here. Every value keeps a leading axis of size 1 (time), so that layers can be cut
 * out of and stacked into `[layer, lane, ...]` arrays without reshaping. Nodes cost about a microsecond
 * each, so what can be done for all layers at once is done once.
 */
import { GraphBuilder, type TensorTable, type Value } from '../onnx/index.js';
import { dataDependentStep } from './data-dependent.js';
import type { LayerSpec, ModelDimensions } from './dimensions.js';
import { hyenaStep, shortPast } from './hyena.js';
import { convolutions, stateOf } from './kinds.js';
import { embed, head } from './linear.js';
import { geluMlp } from './mlp.js';
import { addAndNorm, norm, type Branch } from './norm.js';
import type { StackedState } from './state.js';

export interface HeadOptions {
  /** See `head`. */
  readonly fused: boolean;
}

/**
 * - in: `token` `[1, B]` int64, `pending` `[convolution, B, D]`, the state's tensors (see `StateTensor`)
 * - out: `logits` `[1, B, V]`, `y` `[convolution, B, D]`, the state's newest, `hidden` `[1, B, D]` (what the head
 *   reads)
 */
export function stepGraph(model: ModelDimensions, table: TensorTable, { fused }: HeadOptions): Uint8Array {
  const { width, vocabulary } = model;
  const { layers } = model;
  const count = convolutions(layers);
  const g = new GraphBuilder('step', table);
  const token = g.input('token', 'int64', [1, 'lane']);
  const pending = unstack(g, g.input('pending', 'float32', [count, 'lane', width]), count);
  const [short, begun] = stateOf(layers, width);
  const age = ({ name, dims }: StackedState, n: number): Value =>
    g.input(`${name}_${n}`, 'float32', [dims[0], 'lane', ...dims.slice(1)]);
  const newer = age(short, 1);
  const pasts = unstack(g, shortPast(g, age(short, 2), newer), short.dims[0]);
  const begunBefore = begun === undefined ? [] : unstack(g, age(begun, 1), begun.dims[0]);
  /** By state: what becomes its newest, layer by layer. */
  const newest: Value[] = [];
  const begunNow: Value[] = [];
  const ys: Value[] = [];
  const mix = ({ mixer }: LayerSpec, l: number): Branch => {
    const past = pasts[short.places[l]];
    if (mixer.kind === 'data-dependent') {
      const of = { past, begun: begunBefore[begun.places[l]], pending: pending[ys.length] };
      const mixed = dataDependentStep(g, l, normalised, of);
      newest.push(mixed.short);
      begunNow.push(mixed.begun);
      ys.push(...mixed.inputs);
      return mixed.branch;
    }
    if (mixer.kind !== 'hyena') throw new RangeError(`a ${mixer.kind} layer among long convolutions`);
    const sums = pending.slice(ys.length, ys.length + mixer.order - 1);
    const mixed = hyenaStep(g, mixer, l, normalised, { past, pending: sums, convolution: ys.length });
    newest.push(mixed.short);
    ys.push(...mixed.inputs);
    return mixed.branch;
  };

  let x = embed(g, token);
  let normalised = norm(g, layers[0].norm, x, 'layers.0.norm1');
  for (const [l, layer] of layers.entries()) {
    const middle = addAndNorm(g, layer.norm, x, mix(layer, l), `layers.${l}.norm2`);
    const branch = geluMlp(g, l, middle.normalised);
    const last = l + 1 === layers.length;
    ({ x, normalised } = last
      ? addAndNorm(g, model.norm, middle.x, branch, 'norm_f', 'hidden')
      : addAndNorm(g, layers[l + 1].norm, middle.x, branch, `layers.${l + 1}.norm1`));
  }

  head(g, normalised, fused, 'logits');
  g.output('logits', 'float32', [1, 'lane', vocabulary]);
  g.output('hidden', 'float32', [1, 'lane', width]);
  stack(g, ys, 'y');
  g.output('y', 'float32', [count, 'lane', width]);
  stack(g, newest, 'short_0');
  g.output('short_0', 'float32', [short.dims[0], 'lane', ...short.dims.slice(1)]);
  if (begun !== undefined) {
    stack(g, begunNow, 'begun_0');
    g.output('begun_0', 'float32', [begun.dims[0], 'lane', ...begun.dims.slice(1)]);
  }
  return g.encode();
}

/** `[n, ...]` -> n values `[1, ...]`. */
function unstack(g: GraphBuilder, stacked: Value, n: number): readonly Value[] {
  if (n === 1) return [stacked];
  const names = Array.from({ length: n }, () => g.fresh('unstacked'));
  return g.nodeOf('Split', [stacked], names, { attributes: { axis: 0, num_outputs: n } });
}

/** n values `[1, ...]` -> `[n, ...]`. */
function stack(g: GraphBuilder, values: readonly Value[], result: Value): void {
  g.node('Concat', values, { attributes: { axis: 0 } }, result);
}

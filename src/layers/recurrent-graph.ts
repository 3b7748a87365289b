/**
 * The graph of a model without long convolutions: all that its layers need of the past are states, so rows of any number go through
 * all of it in one call, and with one row at a time, it is the step graph.
 */
import { GraphBuilder, type TensorTable, type Value } from '../onnx/index.js';
import { attention, inputPlaces } from './attention.js';
import type { KeyValueType, LayerSpec, ModelDimensions } from './dimensions.js';
import { embed, head } from './linear.js';
import { gatedMlp } from './mlp.js';
import { rmsNorm } from './norm.js';
import { recurrentMixer, SHORT } from './recurrence.js';
import type { HeadOptions } from './step-graph.js';

/**
 * Values of a layer: its normalised input, what its mixer adds to the residual, that normalised, what its MLP adds, and what
 * the layer makes in all.
 */
export const LAYER_PARTS = ['norm1', 'mixer', 'norm2', 'mlp', 'whole'] as const;
/** A name of one. */
export type LayerPart = (typeof LAYER_PARTS)[number];

export interface RecurrentOptions extends HeadOptions {
  /** The most rows of a call. */
  readonly rows: number;
  /** Layers to go through. Left out: all, and the head. */
  readonly until?: number;
  /** Of the last of these, what is handed out. Default: whole. */
  readonly part?: LayerPart;
  /** Of attention's keys and values. Default: float32. */
  readonly keyValues?: KeyValueType | undefined;
}

/**
 * - in: `ids` `[lane, time]` int64; the states' tensors of before, see `StateTensor`; where there is attention, `Places`
 * - out: the states' tensors of after, and `logits` `[lane, time, V]` and `hidden` `[lane, time, D]` (what the head reads); or where
 *   `until` says how far to go, `hidden`, what the last layer or a part of it makes of the rows
 */
export function recurrentGraph(
  model: ModelDimensions,
  table: TensorTable,
  { rows, until, part = 'whole', fused, keyValues = 'float32' }: RecurrentOptions,
): Uint8Array {
  const { width, vocabulary } = model;
  const layers = model.layers.slice(0, until);
  const g = new GraphBuilder('recurrent', table);
  const attends = layers.find(({ mixer }) => mixer.kind === 'attention');
  const places = attends && inputPlaces(g, width / headsOf(attends));
  let x = embed(g, g.input('ids', 'int64', ['lane', 'time']));
  const mix = ({ mixer }: LayerSpec, l: number, n: Value): Value => {
    if (mixer.kind === 'hyena' || mixer.kind === 'data-dependent')
      throw new RangeError('a layer of long convolutions among recurrences');
    return mixer.kind === 'attention'
      ? attention(g, mixer, width, l, n, places!, keyValues)
      : recurrentMixer(g, mixer, width, l, n, rows);
  };
  let last: Partial<Record<LayerPart, Value>> = {};
  for (const [l, layer] of layers.entries()) {
    const { norm, mlp } = layer;
    if (mlp.kind !== 'gated') throw new RangeError(`a ${mlp.kind} MLP after a recurrence`);
    const norm1 = rmsNorm(g, norm, width, x, `layers.${l}.norm1`);
    const mixed = mix(layer, l, norm1);
    x = g.node('Add', [x, mixed]);
    const norm2 = rmsNorm(g, norm, width, x, `layers.${l}.norm2`);
    const added = gatedMlp(g, mlp, l, norm2);
    x = g.node('Add', [x, added]);
    last = { norm1, mixer: mixed, norm2, mlp: added };
  }
  if (until === undefined) {
    const hidden = rmsNorm(g, model.norm, width, x, 'norm_f', 'hidden');
    head(g, hidden, fused, 'logits');
    g.output('logits', 'float32', ['lane', 'time', vocabulary]);
  } else {
    g.node('Identity', [last[part] ?? x], {}, 'hidden');
  }
  g.output('hidden', 'float32', ['lane', 'time', width]);
  return g.encode();
}

/** Heads of an attention layer. */
export function headsOf({ mixer }: LayerSpec): number {
  if (mixer.kind !== 'attention') throw new RangeError(`a ${mixer.kind} layer has no heads`);
  return mixer.heads;
}

/** The tensors that the graph reads, by name, with their shapes. Matrices are stored `[in, out]`. */
export function recurrentTensors(
  { width, vocabulary, layers }: ModelDimensions,
  headed: boolean,
): ReadonlyMap<string, readonly number[]> {
  const linear = (name: string, outputs: number): [string, number[]][] => [
    [`${name}.weight`, [width, outputs]],
    [`${name}.bias`, [outputs]],
  ];
  const attends = layers.find(({ mixer }) => mixer.kind === 'attention');
  return new Map<string, readonly number[]>([
    ['embeddings', [vocabulary, width]],
    ...(headed ? ([['head', [vocabulary, width]]] as const) : []),
    ['norm_f.weight', [width]],
    ...(attends ? ([['rotary', [width / headsOf(attends) / 2]]] as const) : []),
    ...layers.flatMap(({ mixer, mlp: { inner } }, l) => [
      [`layers.${l}.norm1.weight`, [width]] as const,
      ...linear(`layers.${l}.in_proj`, 3 * width),
      ...mixerTensors(mixer, `layers.${l}`, width),
      ...linear(`layers.${l}.out_proj`, width),
      [`layers.${l}.norm2.weight`, [width]] as const,
      [`layers.${l}.fc1.weight`, [width, inner]] as const,
      [`layers.${l}.gate.weight`, [width, inner]] as const,
      [`layers.${l}.fc2.weight`, [inner, width]] as const,
    ]),
  ]);
}

function mixerTensors(mixer: LayerSpec['mixer'], name: string, width: number): [string, number[]][] {
  if (mixer.kind !== 'window' && mixer.kind !== 'modal') return [];
  const short: [string, number[]][] = [
    [`${name}.short.taps`, [SHORT, 3 * width]],
    [`${name}.short.bias`, [3 * width]],
  ];
  if (mixer.kind === 'window') return [...short, [`${name}.filter.taps`, [mixer.taps, width]]];
  const parts = mixer.complex ? ['re', 'im'] : ['re'];
  return [
    ...short,
    ...['poles', 'residues'].flatMap((what) =>
      parts.map((part): [string, number[]] => [`${name}.filter.${what}.${part}`, [mixer.modes, width]]),
    ),
    [`${name}.filter.skip`, [width]],
  ];
}

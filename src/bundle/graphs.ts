/** The graphs of a bundle: a function of its config and its weights' table, made when a graph is needed. */
import { filterGraph, hyenaDimensions } from '../hyena/index.js';
import {
  blockGraph,
  filtersOf,
  headGraph,
  type LayerPart,
  recurrentGraph,
  type RecurrentOptions,
  stepGraph,
} from '../layers/index.js';
import type { TensorTable } from '../onnx/index.js';
import type { BundleConfig } from './config.js';

/** The most rows of a call of the graph `rows`. */
export const ROWS_OF_RECURRENCES = 64;

/**
 * `step` is one token through the whole model. The rest is for prompts: the segments of a model of long convolutions,
 * `block0` .. `block` and the number of layers; the head; the filters. Of recurrences, it is `rows`, some rows through the whole
 * model, or, with a number and a name, through so many layers to a part of the last.
 */
export type GraphName = 'step' | `block${number}` | 'head' | 'filter' | 'rows' | `rows${number}.${LayerPart}`;

export function graphNames({ model }: Pick<BundleConfig, 'model'>): GraphName[] {
  const filters = filtersOf(model.layers);
  if (filters === undefined) return ['step', 'rows'];
  if (filters === 'data-dependent') return ['step'];
  const blocks = Array.from({ length: model.layers.length + 1 }, (_, segment) => `block${segment}` as const);
  return ['step', ...blocks, 'head', 'filter'];
}

/** A graph as the bytes of an .onnx file, its weights where `table` says. */
export function makeGraph(
  { model, filter }: Pick<BundleConfig, 'model' | 'filter'>,
  name: GraphName,
  table: TensorTable,
  options: Pick<RecurrentOptions, 'fused' | 'keyValues'>,
): Uint8Array {
  if (filtersOf(model.layers) === 'data-dependent') return stepGraph(model, table, options);
  if (filter === undefined) {
    const rows = name === 'step' ? 1 : ROWS_OF_RECURRENCES;
    const [, until, part] = /^rows(\d+)\.(\w+)$/.exec(name) ?? [];
    const partly = until !== undefined && { until: Number(until), part: part as LayerPart };
    return recurrentGraph(model, table, { ...options, rows, ...partly });
  }
  if (name === 'step') return stepGraph(model, table, options);
  if (name === 'head') return headGraph(model, table, options);
  if (name === 'filter') return filterGraph(hyenaDimensions(model), filter, table);
  return blockGraph(model, Number(name.slice('block'.length)), table);
}

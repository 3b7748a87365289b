/** The graphs of a bundle: a function of its config and its weights' table, made when a graph is needed. */
import { filterGraph, hyenaDimensions } from '../hyena/index.js';
import { blockGraph, headGraph, type HeadOptions, stepGraph } from '../layers/index.js';
import type { TensorTable } from '../onnx/index.js';
import type { BundleConfig } from './config.js';

/** The segments of a prompt's pass are `block0` .. `block` and the number of layers. */
export type GraphName = 'step' | `block${number}` | 'head' | 'filter';

export function graphNames({ model }: Pick<BundleConfig, 'model'>): GraphName[] {
  const blocks = Array.from({ length: model.layers.length + 1 }, (_, segment) => `block${segment}` as const);
  return ['step', ...blocks, 'head', 'filter'];
}

/** A graph as the bytes of an .onnx file, its weights where `table` says. */
export function makeGraph(
  { model, filter }: Pick<BundleConfig, 'model' | 'filter'>,
  name: GraphName,
  table: TensorTable,
  options: HeadOptions,
): Uint8Array {
  if (name === 'step') return stepGraph(model, table, options);
  if (name === 'head') return headGraph(model, table, options);
  if (name === 'filter') return filterGraph(hyenaDimensions(model), filter, table);
  return blockGraph(model, Number(name.slice('block'.length)), table);
}

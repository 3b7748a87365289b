/** What follows from the kinds of a model's layers. */
import { attentionState } from './attention.js';
import { dataDependentState } from './data-dependent.js';
import type { LayerSpec } from './dimensions.js';
import { hyenaState } from './hyena.js';
import { recurrentState } from './recurrence.js';
import type { LayerState, StackedState } from './state.js';

/** The state of one layer. */
export function layerState({ mixer }: LayerSpec, width: number, layer: number): readonly LayerState[] {
  switch (mixer.kind) {
    case 'hyena':
      return hyenaState(mixer, width);
    case 'data-dependent':
      return dataDependentState(width);
    case 'attention':
      return attentionState(mixer, width, layer);
    default:
      return recurrentState(mixer, width, layer);
  }
}

/** The state of a model: what several layers declare alike is one tensor, layers first. */
export function stateOf(layers: readonly LayerSpec[], width: number): readonly StackedState[] {
  const declared = layers.map((layer, l) => layerState(layer, width, l));
  const key = ({ name, dims, past }: LayerState): string => JSON.stringify([name, dims, past]);
  const kinds = new Map(declared.flat().map((state) => [key(state), state]));
  return [...kinds].map(([own, { name, dims, past, grows }]) => {
    let count = 0;
    const places = declared.map((states) => (states.some((state) => key(state) === own) ? count++ : -1));
    return { name, dims: [count, ...dims], past, ...(grows && { grows }), places };
  });
}

/**
 * Long convolutions of a layer. One whose filter depends on the data counts twice: its taps come, position by position, as its
 * inputs do.
 */
export function convolutionsOf({ mixer }: LayerSpec): number {
  if (mixer.kind === 'data-dependent') return 2;
  return mixer.kind === 'hyena' ? mixer.order - 1 : 0;
}

/** Where a model's long convolutions have their filters from, if there are any: all are of one kind. */
export function filtersOf(layers: readonly LayerSpec[]): 'implicit' | 'data-dependent' | undefined {
  if (convolutions(layers) === 0) return undefined;
  return layers.some(({ mixer }) => mixer.kind === 'data-dependent') ? 'data-dependent' : 'implicit';
}

/** Long convolutions of a model: they are numbered over all layers, within a layer in the order of execution. */
export function convolutions(layers: readonly LayerSpec[]): number {
  return layers.reduce((sum, layer) => sum + convolutionsOf(layer), 0);
}

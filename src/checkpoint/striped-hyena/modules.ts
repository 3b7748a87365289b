/** Values of a model by the names of Vortex's modules that give them, as Evo's users ask for embeddings. */
import type { LayerSpec } from '../../bundle/index.js';
import type { LayerPart } from '../../layers/index.js';

const HYENA = 'out_filter_dense';
const ATTENTION = 'inner_mha_cls';

/** What follows the name of a block. */
const PARTS = new Map<string, LayerPart>([
  ['', 'whole'],
  ['.pre_norm', 'norm1'],
  [`.${HYENA}`, 'mixer'],
  [`.${ATTENTION}`, 'mixer'],
  [`.${ATTENTION}.out_proj`, 'mixer'],
  ['.post_norm', 'norm2'],
  ['.mlp', 'mlp'],
  ['.mlp.l3', 'mlp'],
]);

/** The modules that give something as wide as the model, for messages. */
export const MODULES = `embedding_layer, norm, blocks.N or blocks.N${[...PARTS.keys()].slice(1).join(', ')}`;

/**
 * Where a module's output is: after so many layers, or inside of one. Undefined where the model has no such module, or it gives
 * something of another width.
 */
export function moduleOutput(
  name: string,
  layers: readonly LayerSpec[],
): number | { readonly layer: number; readonly part: LayerPart } | undefined {
  if (name === 'embedding_layer') return 0;
  if (name === 'norm') return layers.length;
  const [, number, rest] = /^blocks\.(\d{1,4})(\..+)?$/.exec(name) ?? [];
  const layer = Number(number);
  const part = PARTS.get(rest ?? '');
  if (number === undefined || layer >= layers.length || part === undefined) return undefined;
  const other = layers[layer].mixer.kind === 'attention' ? HYENA : ATTENTION;
  return rest?.startsWith(`.${other}`) ? undefined : { layer, part };
}

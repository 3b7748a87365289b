/** Where a Hyena checkpoint keeps what: full names of modules and tensors in a dialect. */
import type { TensorNames } from '../../bundle/index.js';

export interface LayerNames {
  readonly norm1: string;
  readonly norm2: string;
  readonly inProj: string;
  readonly outProj: string;
  readonly short: string;
  /** Ends with a dot. */
  readonly filter: string;
  readonly fc1: string;
  readonly fc2: string;
}

export interface HyenaNames {
  readonly embeddings: string;
  readonly head: string | undefined;
  readonly normF: string;
  layer(index: number): LayerNames;
}

export function hyenaNames({ stem, head, wrapped }: TensorNames): HyenaNames {
  return {
    embeddings: `${stem}${EMBEDDINGS}`,
    head,
    normF: `${stem}ln_f`,
    layer(index) {
      const layer = `${stem}layers.${index}.`;
      const mixer = `${layer}mixer.${wrapped.mixer ? 'layer.' : ''}`;
      const mlp = `${layer}mlp.${wrapped.mlp ? 'layer.' : ''}`;
      return {
        norm1: `${layer}norm1`,
        norm2: `${layer}norm2`,
        inProj: `${mixer}in_proj`,
        outProj: `${mixer}out_proj`,
        short: `${mixer}short_filter`,
        filter: `${mixer}filter_fn.`,
        fc1: `${mlp}fc1`,
        fc2: `${mlp}fc2`,
      };
    },
  };
}

/** Name of the token embeddings below the stem. */
export const EMBEDDINGS = 'embeddings.word_embeddings.weight';

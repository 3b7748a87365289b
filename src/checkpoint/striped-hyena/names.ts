/** The names of StripedHyena checkpoints, below the stem. */

/** A tensor that every one of them has. */
export const EMBEDDINGS = 'embedding_layer.weight';
/** What logits are made with: the embeddings, in all models that were released. */
export const HEAD = 'unembed.weight';
export const NORM = 'norm.scale';

export interface BlockNames {
  readonly block: string;
  readonly norm1: string;
  readonly norm2: string;
  readonly fc1: string;
  readonly gate: string;
  readonly fc2: string;
  /** Of Hyena's operator: below, `weight` and `bias`. */
  readonly inProj: string;
  readonly outProj: string;
  /** Ends with a dot. */
  readonly filter: string;
  /** Of attention: below, `weight` and `bias`. */
  readonly qkv: string;
  readonly attentionOut: string;
  readonly frequencies: string;
  /** Lags 0, 1, 2 ...: what the filter would be evaluated at. */
  readonly lags: string;
}

export function blockNames(stem: string, index: number): BlockNames {
  const block = `${stem}blocks.${index}.`;
  const attention = `${block}inner_mha_cls.`;
  return {
    block,
    norm1: `${block}pre_norm.scale`,
    norm2: `${block}post_norm.scale`,
    fc1: `${block}mlp.l1.weight`,
    gate: `${block}mlp.l2.weight`,
    fc2: `${block}mlp.l3.weight`,
    inProj: `${block}projections`,
    outProj: `${block}out_filter_dense`,
    filter: `${block}filter.`,
    qkv: `${attention}Wqkv`,
    attentionOut: `${attention}out_proj`,
    frequencies: `${attention}rotary_emb.inv_freq`,
    lags: `${block}mixer.mixer.filter.t`,
  };
}

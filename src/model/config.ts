/** `config.json`: what a bundle says about itself. */

export const FORMAT_NAME = 'flashinf-bundle';
export const FORMAT_VERSION = 1;

export interface ModelDimensions {
  /** Projections of the operator besides v, plus one: order - 1 long convolutions per layer. */
  readonly order: number;
  readonly layers: number;
  /** Channels (D). */
  readonly width: number;
  /** Hidden channels of the MLP. */
  readonly inner: number;
  /** Tokens, and so logits (V). Padding rows of a checkpoint are not carried over. */
  readonly vocabulary: number;
  /** Longest filter, and so the longest prompt and text together, in tokens. */
  readonly context: number;
  readonly normEps: number;
}

export interface FilterDimensions {
  /** Features of a position (E), odd: the time, then cosines and sines. */
  readonly features: number;
  /** Hidden channels of the filter's MLP. */
  readonly hidden: number;
  /** Added to the window. */
  readonly shift: number;
  /** How positions enter: Hyena's linear time, or the logarithm of the lag. */
  readonly time: 'linear' | 'log';
}

export interface TokenizerReference {
  readonly kind: 'bpe' | 'bytes' | 'characters';
  /** Name of its file in the bundle; a byte tokenizer needs none. */
  readonly file?: string;
}

export interface FileEntry {
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

export interface BundleConfig {
  readonly format: { readonly name: typeof FORMAT_NAME; readonly version: typeof FORMAT_VERSION };
  readonly name: string;
  readonly model: ModelDimensions;
  readonly filter: FilterDimensions;
  readonly tokenizer: TokenizerReference;
  /** Every other file of the bundle, by name. */
  readonly files: Readonly<Record<string, FileEntry>>;
  /** Where the weights come from: free-form, shown and never interpreted. */
  readonly provenance: Readonly<Record<string, unknown>>;
}

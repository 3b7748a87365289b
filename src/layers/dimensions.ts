/** What a model is made of: a list of layers, each with its kind of mixer, norm and MLP. */

/** Normalisation over channels, with a scale and an offset. */
export interface NormSpec {
  readonly kind: 'layer';
  /** Added to the variance. */
  readonly epsilon: number;
}

/** Two linear layers with biases around a GELU, in its tanh form. */
export interface MlpSpec {
  readonly kind: 'gelu';
  /** Hidden channels. */
  readonly inner: number;
}

export const ACTIVATIONS = ['relu', 'gelu', 'silu', 'sigmoid', 'tanh'] as const;
/** `gelu` is the exact form, with the error function. */
export type Activation = (typeof ACTIVATIONS)[number];

/** Hyena's operator: a projection, a convolution of three taps, gates, and long convolutions between them. */
export interface MixerSpec {
  readonly kind: 'hyena';
  /** Gates: order - 1 long convolutions. */
  readonly order: number;
  /** Of what is projected to the layer's output. Left out: none. */
  readonly activation?: Activation;
}

/** `x + mixer(norm(x))`, then `x + mlp(norm(x))`. */
export interface LayerSpec {
  readonly mixer: MixerSpec;
  /** Of both norms. */
  readonly norm: NormSpec;
  readonly mlp: MlpSpec;
}

export interface ModelDimensions {
  /** Channels (D). */
  readonly width: number;
  /** Tokens, and so logits (V). Padding rows of a checkpoint are not carried over. */
  readonly vocabulary: number;
  /** Longest filter, and so the longest prompt and text together, in tokens. */
  readonly context: number;
  readonly layers: readonly LayerSpec[];
  /** What the head reads is normalised so. */
  readonly norm: NormSpec;
}

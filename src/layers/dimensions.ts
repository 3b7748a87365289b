/** What a model is made of: a list of layers, each with its kind of mixer, norm and MLP. */

/** Normalisation over channels. */
export interface NormSpec {
  /**
   * - `layer`: of mean and variance, with a scale and an offset
   * - `rms`: `x / (rms(x) + epsilon)`, with a scale
   */
  readonly kind: 'layer' | 'rms';
  /** Added to the variance; of `rms`, to the root. */
  readonly epsilon: number;
}

/** Two linear layers with biases around a GELU, in its tanh form. */
export interface GeluMlpSpec {
  readonly kind: 'gelu';
  /** Hidden channels. */
  readonly inner: number;
}

/** `W3 (f(W1 x) * W2 x)`, without biases. */
export interface GatedMlpSpec {
  readonly kind: 'gated';
  /** Hidden channels. */
  readonly inner: number;
  /** f. Left out: the identity. */
  readonly activation?: Activation;
}

export type MlpSpec = GeluMlpSpec | GatedMlpSpec;

export const ACTIVATIONS = ['relu', 'gelu', 'silu', 'sigmoid', 'tanh'] as const;
/** `gelu` is the exact form, with the error function. */
export type Activation = (typeof ACTIVATIONS)[number];

/** How attention keeps keys and values of what was before. */
export const KEY_VALUE_TYPES = ['float32', 'float16'] as const;
/** A name of one. */
export type KeyValueType = (typeof KEY_VALUE_TYPES)[number];

/** Hyena's operator: a projection, a convolution of three taps, gates, and long convolutions between them. */
export interface HyenaSpec {
  readonly kind: 'hyena';
  /** Gates: order - 1 long convolutions. */
  readonly order: number;
  /** Of what is projected to the layer's output. Left out: none. */
  readonly activation?: Activation;
}

/** Hyena's operator of order 2 with a filter of so many taps, each of them a weight. */
export interface WindowSpec {
  readonly kind: 'window';
  readonly taps: number;
}

/** Hyena's operator of order 2 with a filter that is a sum of so many exponentials. */
export interface ModalSpec {
  readonly kind: 'modal';
  readonly modes: number;
  /** Poles and residues are complex; of the sum, the real part is taken. */
  readonly complex: boolean;
}

/**
 * Hyena's operator of order 2 with a filter that depends on the data: tap t is projected from position t, as its gates and input
 * are, times a window that decays.
 */
export interface DataDependentSpec {
  readonly kind: 'data-dependent';
}

/** Causal attention over all positions, which queries and keys are rotated by. */
export interface AttentionSpec {
  readonly kind: 'attention';
  readonly heads: number;
}

export type MixerSpec = HyenaSpec | WindowSpec | ModalSpec | DataDependentSpec | AttentionSpec;

/** `x + mixer(norm(x))`, then `x + mlp(norm(x))`. */
export interface LayerSpec<Mixer extends MixerSpec = MixerSpec, Mlp extends MlpSpec = MlpSpec> {
  readonly mixer: Mixer;
  /** Of both norms. */
  readonly norm: NormSpec;
  readonly mlp: Mlp;
}

export interface ModelDimensions<Layer extends LayerSpec = LayerSpec> {
  /** Channels (D). */
  readonly width: number;
  /** Tokens, and so logits (V). Padding rows of a checkpoint are not carried over. */
  readonly vocabulary: number;
  /** The longest prompt and text together, in tokens; of a filter without end, its length. */
  readonly context: number;
  readonly layers: readonly Layer[];
  /** What the head reads is normalised so. */
  readonly norm: NormSpec;
}

/** The dimensions of the Hyena family: all layers alike, their filters implicit. */
import { isDeepStrictEqual } from 'node:util';
import type { Activation, LayerSpec, ModelDimensions } from '../layers/index.js';

export interface HyenaDimensions {
  /** Gates of the operator: each layer has order - 1 long convolutions. */
  readonly order: number;
  readonly layers: number;
  /** Channels (D). */
  readonly width: number;
  /** Hidden channels of the MLP. */
  readonly inner: number;
  /** Tokens, and so logits (V). */
  readonly vocabulary: number;
  /** Longest filter, in tokens. */
  readonly context: number;
  readonly normEps: number;
  /** Before the output's projection. Left out: none. */
  readonly activation?: Activation;
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
  /** False: no window, taps are the MLP's alone. Left out: with the window. */
  readonly modulate?: false;
  /** True: the taps of a lag are divided by the sum of their magnitudes, over all channels. Left out: they are not. */
  readonly normalized?: true;
  /** False: a convolution's input does not bypass it. Left out: it does, with a weight per channel. */
  readonly skip?: false;
  /** Features and times were trained, and are in the bundle. Left out: they are computed from `time`. */
  readonly positions?: 'stored';
}

/** The layers of a Hyena model. */
export function hyenaModel(dimensions: HyenaDimensions): ModelDimensions {
  const { order, layers, width, inner, vocabulary, context, normEps, activation } = dimensions;
  const norm = { kind: 'layer', epsilon: normEps } as const;
  const layer: LayerSpec = {
    mixer: { kind: 'hyena', order, ...(activation && { activation }) },
    norm,
    mlp: { kind: 'gelu', inner },
  };
  return { width, vocabulary, context, layers: new Array<LayerSpec>(layers).fill(layer), norm };
}

/** `hyenaModel`, undone. Its filters and short convolutions lie in one tensor for all layers, so these must be alike. */
export function hyenaDimensions(model: ModelDimensions): HyenaDimensions {
  const { width, vocabulary, context, layers, norm } = model;
  const [{ mixer, mlp }] = layers;
  if (mixer.kind !== 'hyena') throw new RangeError(`a model of ${mixer.kind} layers is none of Hyena's`);
  const { order, activation } = mixer;
  const { inner } = mlp;
  const dimensions = {
    order,
    layers: layers.length,
    width,
    inner,
    vocabulary,
    context,
    normEps: norm.epsilon,
    ...(activation && { activation }),
  };
  if (!isDeepStrictEqual(hyenaModel(dimensions), model)) {
    throw new RangeError('the layers of a Hyena model are all alike');
  }
  return dimensions;
}

/** From the tensor names of Hyena checkpoints to a model's weights. */
import type { FilterDimensions, HyenaDimensions, TensorNames } from '../../bundle/index.js';
import type { FilterWeights, HyenaWeights, LayerWeights, Linear, Norm, Values } from '../../hyena/index.js';
import { hyenaNames, type LayerNames } from './names.js';
import { readPositions } from './positions.js';
import { splitChannels } from './channel-order.js';
import type { TensorSource } from '../../container/index.js';
import { Reader } from '../reader.js';

/** Names of this project's training script, which are safari's. */
export const SAFARI: TensorNames = {
  stem: 'backbone.',
  head: 'lm_head.weight',
  wrapped: { mixer: false, mlp: false },
  layout: 'interleaved',
  positions: true,
};

/**
 * All weights of a model, rows of padding cut off the embeddings and the head. Every tensor must be there, of
 * the shape the dimensions ask for, and none may be left over; that is checked here. The values are read, and
 * checked to be finite, when the returned functions are called. Both throw BundleError.
 *
 * @param ignored tensors that are no part of the model, such as a classifier's head
 */
export function readHyena(
  source: TensorSource,
  model: HyenaDimensions,
  filter: FilterDimensions,
  dialect: TensorNames = SAFARI,
  ignored: Iterable<string> = [],
): HyenaWeights {
  const reader = new Reader(source);
  const names = hyenaNames(dialect);
  const layers = Array.from({ length: model.layers }, (_, l) =>
    readLayer(reader, model, filter, dialect, names.layer(l)),
  );
  const weights: HyenaWeights = {
    embeddings: readRows(reader, names.embeddings, model),
    layers,
    normF: readNorm(reader, model, names.normF),
  };
  const head =
    names.head !== undefined && reader.has(names.head) ? readRows(reader, names.head, model) : undefined;
  for (const name of ignored) reader.skip(name);
  reader.done();
  // A head stored apart is often the embeddings all the same; then there is no need to hold it twice.
  return head === undefined || same(weights.embeddings, head) ? weights : { ...weights, head };
}

function readLayer(
  reader: Reader,
  model: HyenaDimensions,
  filter: FilterDimensions,
  dialect: TensorNames,
  names: LayerNames,
): LayerWeights {
  const { width, inner } = model;
  const channels = (model.order + 1) * width;
  return {
    norm1: readNorm(reader, model, names.norm1),
    inProj: readLinear(reader, names.inProj, channels, width),
    short: {
      weight: once(reader.read(`${names.short}.weight`, [channels, 1, 3])),
      bias: reader.read(`${names.short}.bias`, [channels]),
    },
    filter: readFilter(reader, model, filter, dialect, names.filter),
    outProj: readLinear(reader, names.outProj, width, width),
    norm2: readNorm(reader, model, names.norm2),
    fc1: readLinear(reader, names.fc1, inner, width),
    fc2: readLinear(reader, names.fc2, width, inner),
  };
}

function readFilter(
  reader: Reader,
  model: HyenaDimensions,
  filter: FilterDimensions,
  { layout }: TensorNames,
  name: string,
): FilterWeights {
  const { features, hidden } = filter;
  const mlp = `${name}implicit_filter.`;
  const convolutions = model.order - 1;
  const channels = convolutions * model.width;
  const frequency = reader.read(`${mlp}1.freq`, [1, hidden]);
  // One shared tensor, which some files hold under all of its names.
  for (const alias of [`${mlp}3.freq`, `${mlp}5.freq`]) {
    if (!reader.has(alias)) continue;
    const values = reader.read(alias, [1, hidden]);
    if (!same(frequency, values)) reader.fail(alias, `the values of ${mlp}1.freq`, 'others');
  }
  /** Channels in the order of the convolutions, `size` values each. */
  const ordered =
    (values: Values, size = 1): Values =>
    () =>
      splitChannels(values(), convolutions, size, layout);
  const positions = readPositions(reader, model, filter, name);
  return {
    bias: ordered(reader.read(`${name}bias`, [channels])),
    hidden: [
      readLinear(reader, `${mlp}0`, hidden, features),
      readLinear(reader, `${mlp}2`, hidden, hidden),
      readLinear(reader, `${mlp}4`, hidden, hidden),
    ],
    last: ordered(reader.read(`${mlp}6.weight`, [channels, hidden]), hidden),
    frequency,
    deltas: ordered(reader.read(`${name}modulation.deltas`, [1, 1, channels])),
    ...(positions && { positions }),
  };
}

function readLinear(reader: Reader, name: string, outputs: number, inputs: number): Linear {
  return {
    weight: reader.read(`${name}.weight`, [outputs, inputs]),
    bias: reader.read(`${name}.bias`, [outputs]),
  };
}

function readNorm(reader: Reader, { width }: HyenaDimensions, name: string): Norm {
  return { weight: reader.read(`${name}.weight`, [width]), bias: reader.read(`${name}.bias`, [width]) };
}

/** `[at least vocabulary, width]`, cut to the vocabulary. */
function readRows(reader: Reader, name: string, { vocabulary, width }: HyenaDimensions): Values {
  const values = reader.read(name, [vocabulary, width], true);
  return () => values().subarray(0, vocabulary * width);
}

/** Keeps what is small and asked for several times. */
function once(values: Values): Values {
  let read: Float32Array | undefined;
  return () => (read ??= values());
}

function same(a: Values, b: Values): boolean {
  const values = b();
  return a().every((value, i) => value === values[i]);
}

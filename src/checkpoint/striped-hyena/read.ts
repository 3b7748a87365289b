/** From the tensors of StripedHyena checkpoints to a bundle's. */
import type { ModelDimensions } from '../../bundle/index.js';
import { transpose, transposed, type Values } from '../../hyena/index.js';
import type { Found } from '../architecture.js';
import { Reader } from '../reader.js';
import { CONVOLUTION_ORDER, type Version } from './dimensions.js';
import { type BlockNames, blockNames, EMBEDDINGS, HEAD, NORM } from './names.js';

/** The base of Evo 1's rotations, which it computes anew: the frequencies in the file are rounded. */
const ROTARY_BASE = 10_000;

type Tensors = Map<string, Values>;

/**
 * All weights of a model. Every tensor must be there, of the shape the dimensions ask for, and none may be left over; that is
 * checked here. The values are read, and checked to be finite, when the returned functions are called. Both throw BundleError.
 *
 * @param scale what positions are divided by
 * @param ignored tensors that are no part of the model
 */
export function readStriped(
  { source, stem }: Found,
  version: Version,
  model: Omit<ModelDimensions, 'context'>,
  scale: number,
  ignored: readonly string[],
): { readonly values: Tensors; readonly headed: boolean } {
  const { width, vocabulary, layers } = model;
  const reader = new Reader(source);
  const values: Tensors = new Map();
  const embeddings = reader.read(stem + EMBEDDINGS, [vocabulary, width]);
  values.set('embeddings', embeddings);
  values.set('norm_f.weight', reader.read(stem + NORM, [width]));
  let frequencies: Values | undefined;

  layers.forEach(({ mixer, mlp: { inner } }, l) => {
    const names = blockNames(stem, l);
    const to = `layers.${l}`;
    const matrix = (name: string, from: string, outputs: number, inputs: number): void => {
      const read = reader.read(from, [outputs, inputs]);
      values.set(`${to}.${name}.weight`, transposed(read, outputs, inputs));
    };
    if (reader.has(names.lags)) reader.skip(names.lags);
    values.set(`${to}.norm1.weight`, reader.read(names.norm1, [width]));
    values.set(`${to}.norm2.weight`, reader.read(names.norm2, [width]));
    matrix('fc1', names.fc1, inner, width);
    matrix('gate', names.gate, inner, width);
    matrix('fc2', names.fc2, width, inner);
    const projections = mixer.kind === 'attention' ? names.qkv : names.inProj;
    const output = mixer.kind === 'attention' ? names.attentionOut : names.outProj;
    const channels = 3 * width;
    const order = (channel: number): number => channelOf(channel, model, version, mixer.kind === 'attention');
    const projection = reader.read(`${projections}.weight`, [channels, width]);
    const rows = (): Float32Array => reordered(projection(), width, order);
    values.set(`${to}.in_proj.weight`, transposed(rows, channels, width));
    const bias = version === 1 ? reader.read(`${projections}.bias`, [channels]) : zeros(channels);
    values.set(`${to}.in_proj.bias`, () => reordered(bias(), 1, order));
    matrix('out_proj', `${output}.weight`, width, width);
    values.set(`${to}.out_proj.bias`, reader.read(`${output}.bias`, [width]));

    if (mixer.kind === 'attention') {
      const stored = reader.read(names.frequencies, [width / mixer.heads / 2]);
      if (frequencies !== undefined && !same(frequencies, stored)) {
        reader.fail(names.frequencies, 'those of the attention layer before', 'others');
      }
      frequencies = stored;
      return;
    }
    const short = reader.read(`${names.filter}short_filter_weight`, [channels, 1, 3]);
    values.set(`${to}.short.taps`, () => transpose(reordered(short(), 3, order), channels, 3));
    const shortBias =
      version === 1 ? reader.read(`${names.filter}short_filter_bias`, [channels]) : zeros(channels);
    values.set(`${to}.short.bias`, () => reordered(shortBias(), 1, order));
    if (mixer.kind === 'window') readWindow(reader, names, mixer.taps, width, `${to}.filter`, values);
    else if (mixer.kind === 'modal') readModes(reader, names, mixer, width, `${to}.filter`, values);
  });
  if (frequencies !== undefined) values.set('rotary', rotary(frequencies, version, scale));

  const head = reader.has(stem + HEAD) ? reader.read(stem + HEAD, [vocabulary, width]) : undefined;
  for (const name of ignored) reader.skip(name);
  reader.done();
  const headed = head !== undefined && !same(embeddings, head);
  if (headed) values.set('head', head);
  return { values, headed };
}

/**
 * Where a channel of x_0, x_1, v (in thirds), or of queries, keys and values, lies in the file. Of Hyena's operator, version 2 has
 * one channel of each after the other, version 1 those of a head; of attention, it is the other way round: version 2 has those
 * of a head, and version 1 has thirds.
 */
function channelOf(
  channel: number,
  { width, layers }: Omit<ModelDimensions, 'context'>,
  version: Version,
  attention: boolean,
): number {
  const third = Math.floor(channel / width);
  const within = channel % width;
  if (attention && version === 1) return channel;
  if (!attention && version === 2) return 3 * within + third;
  const attends = layers.find(({ mixer }) => mixer.kind === 'attention')?.mixer;
  const size = width / (attends?.kind === 'attention' ? attends.heads : 1);
  const head = Math.floor(within / size);
  return 3 * size * head + size * third + (within % size);
}

/** Taps in groups of channels, to `[tap, channel]`, the oldest input's first. The skip weight goes with the tap of lag 0. */
function readWindow(
  reader: Reader,
  { filter }: BlockNames,
  taps: number,
  width: number,
  to: string,
  values: Tensors,
): void {
  const name = `${filter}h`;
  const groups = reader.shape(name)[0];
  if (width % groups !== 0) reader.fail(name, `groups of the ${width} channels`, `${groups}`);
  const stored = reader.read(name, [groups, 1, taps]);
  const convolution = taps >= CONVOLUTION_ORDER;
  const skip = convolution ? reader.read(`${filter}D`, [width]) : undefined;
  values.set(`${to}.taps`, () => {
    const h = stored();
    const out = new Float32Array(taps * width);
    for (let k = 0; k < taps; k++) {
      for (let c = 0; c < width; c++) {
        const group = Math.floor((c * groups) / width);
        out[k * width + c] = h[group * taps + (convolution ? taps - 1 - k : k)];
      }
    }
    skip?.().forEach((value, c) => (out[(taps - 1) * width + c] += value));
    return out;
  });
}

/** Poles and residues, to `[mode, channel]`. */
function readModes(
  reader: Reader,
  { filter }: BlockNames,
  { modes, complex }: { readonly modes: number; readonly complex: boolean },
  width: number,
  to: string,
  values: Tensors,
): void {
  values.set(`${to}.skip`, reader.read(`${filter}D`, [width]));
  const byMode = (stored: Float32Array): Float32Array => transpose(stored, width, modes);
  if (!complex) {
    const logarithms = reader.read(`${filter}log_poles`, [width, modes, 1]);
    const residues = reader.read(`${filter}residues`, [width, modes]);
    values.set(`${to}.poles.re`, () => {
      const stored = logarithms();
      const growing = stored.find((value) => value > 0);
      if (growing !== undefined) reader.fail(`${filter}log_poles`, 'numbers of at most 0', `${growing}`);
      return byMode(stored.map(Math.exp));
    });
    values.set(`${to}.residues.re`, () => byMode(residues()));
    return;
  }
  for (const what of ['poles', 'residues']) {
    const stored = reader.read(`${filter}${what}`, [width, modes, 1, 2]);
    ['re', 'im'].forEach((part, at) => {
      values.set(`${to}.${what}.${part}`, () => byMode(stored().filter((_, i) => i % 2 === at)));
    });
  }
}

/** Frequencies of the positions as they are, those before scaling as the model computes or stores them. */
function rotary(stored: Values, version: Version, scale: number): Values {
  return () => {
    const frequencies = stored();
    const channels = 2 * frequencies.length;
    return frequencies.map(
      (frequency, j) => (version === 1 ? ROTARY_BASE ** ((-2 * j) / channels) : frequency) / scale,
    );
  };
}

/** Rows of `size` values: row r is what `order` says. */
function reordered(rows: Float32Array, size: number, order: (row: number) => number): Float32Array {
  const out = new Float32Array(rows.length);
  for (let row = 0; row < rows.length / size; row++) {
    const from = order(row) * size;
    out.set(rows.subarray(from, from + size), row * size);
  }
  return out;
}

const zeros =
  (size: number): Values =>
  () =>
    new Float32Array(size);

function same(a: Values, b: Values): boolean {
  const values = b();
  return a().every((value, i) => value === values[i]);
}

/** A bundle's weights back in the names they came with: what an import did, undone. */
import { join } from 'node:path';
import { type BundleConfig, CONFIG_FILE, openBundle, type TensorNames } from '../bundle/index.js';
import { filterFeatures, hyenaDimensions, transpose, type Values } from '../hyena/index.js';
import { elements } from '../onnx/index.js';
import { SAFARI } from './hyena/read.js';
import { joinChannels } from './hyena/channel-order.js';
import { hyenaNames } from './hyena/names.js';
import { BundleError, replaceFile } from '../format/index.js';
import { type TensorToWrite, writeSafetensors } from '../container/index.js';

/** Bundles of this project's training do not say: safari's names, nothing stored that can be computed. */
const OWN: TensorNames = {
  stem: SAFARI.stem,
  wrapped: SAFARI.wrapped,
  layout: SAFARI.layout,
  positions: false,
};

/** What was exported. */
export interface Exported {
  readonly tensors: number;
  /** In bytes. */
  readonly bytes: number;
  /** Bits of the quantised values that matrices were made of, if they were. */
  readonly dequantised?: number;
}

/**
 * Writes all weights of a bundle to a safetensors file, as float32, tensor by tensor. Values are those of the
 * checkpoint bit for bit, but for positions (`pos_emb`) within rounding of the computed ones, which the bundle
 * does not hold: these are computed anew; and of quantised weights, those that their bits stand for. Tensors that an import
 * left out are not there. Only a regular file is replaced, and what a link leads to. Throws BundleError, or what the system
 * says of the file.
 *
 * @param stem prefix of the names instead of the bundle's
 */
export function exportBundle(directory: string, file: string, stem?: string): Exported {
  const bundle = openBundle(directory);
  const { config, weights } = bundle;
  const { names: kept = OWN, filter } = config;
  const names = stem === undefined ? kept : { ...kept, stem, renamed: {} };
  try {
    if (filter === undefined) {
      const expected = 'a model of long convolutions: no others can be exported';
      throw new BundleError({
        file: join(directory, CONFIG_FILE),
        field: 'model.layers',
        expected,
        got: 'another',
      });
    }
    const tied = !weights.tensors.has('head');
    const tensors = namedTensors({ ...config, filter }, names, tied, (name, row) =>
      weights.values(name, row),
    );
    replaceFile(file, (descriptor) => {
      writeSafetensors(descriptor, tensors, { format: 'pt' });
    });
    const bytes = Object.values(tensors).reduce((sum, { shape }) => sum + 4 * elements(shape), 0);
    const bits = config.weights?.bits;
    return { tensors: Object.keys(tensors).length, bytes, ...(bits && { dequantised: bits }) };
  } finally {
    bundle.close();
  }
}

/** Reads a tensor of the weights file, or one element of its first axis. */
type Read = (name: string, row?: number) => Float32Array;

function namedTensors(
  { model, filter }: Required<Pick<BundleConfig, 'model' | 'filter'>>,
  dialect: TensorNames,
  tied: boolean,
  read: Read,
): Record<string, TensorToWrite> {
  const { layers, width, inner, vocabulary, context, order } = hyenaDimensions(model);
  const { features, hidden } = filter;
  const channels = (order + 1) * width;
  const convolutions = order - 1;
  const names = hyenaNames(dialect);
  // A map would do, but for its order: tensors keep the one they are added in.
  const out: Record<string, TensorToWrite> = {};
  const add = (name: string, shape: readonly number[], data: Values): void => {
    out[dialect.renamed?.[name] ?? name] = { shape, data };
  };
  const copy = (name: string, shape: readonly number[], from: string): void =>
    add(name, shape, () => read(from));
  const norm = (name: string, from: string): void => {
    copy(`${name}.weight`, [width], `${from}.weight`);
    copy(`${name}.bias`, [width], `${from}.bias`);
  };
  const linear = (name: string, outputs: number, inputs: number, from: string): void => {
    add(`${name}.weight`, [outputs, inputs], () => transpose(read(`${from}.weight`), inputs, outputs));
    copy(`${name}.bias`, [outputs], `${from}.bias`);
  };

  copy(names.embeddings, [vocabulary, width], 'embeddings');
  for (let l = 0; l < layers; l++) {
    const to = names.layer(l);
    const from = `layers.${l}`;
    norm(to.norm1, `${from}.norm1`);
    norm(to.norm2, `${from}.norm2`);
    linear(to.inProj, channels, width, `${from}.in_proj`);
    linear(to.outProj, width, width, `${from}.out_proj`);
    linear(to.fc1, inner, width, `${from}.fc1`);
    linear(to.fc2, width, inner, `${from}.fc2`);
    add(`${to.short}.weight`, [channels, 1, 3], () => {
      const taps = [read('short.past2', l), read('short.past1', l), read(`${from}.short.now`)];
      return new Float32Array(3 * channels).map((_, i) => taps[i % 3][Math.floor(i / 3)]);
    });
    add(`${to.short}.bias`, [channels], () => read('short.bias', l));

    const ofLayer = (name: string): Float32Array => read(name, l);
    const ofConvolutions = (name: string): Float32Array =>
      join(read(name).slice(l * convolutions * width, (l + 1) * convolutions * width));
    const join = (values: Float32Array, size = 1): Float32Array =>
      joinChannels(values, convolutions, size, dialect.layout);
    const mlp = `${to.filter}implicit_filter.`;
    [features, hidden, hidden].forEach((inputs, i) => {
      const name = `${mlp}${2 * i}`;
      add(`${name}.weight`, [hidden, inputs], () => transpose(ofLayer(`filter.${i}.weight`), inputs, hidden));
      add(`${name}.bias`, [hidden], () => ofLayer(`filter.${i}.bias`));
    });
    add(`${mlp}6.weight`, [convolutions * width, hidden], () => {
      const last = new Float32Array(convolutions * width * hidden);
      for (let o = 0; o < convolutions; o++) {
        const part = read('filter.last', l * convolutions + o);
        last.set(transpose(part, hidden, width), o * width * hidden);
      }
      return join(last, hidden);
    });
    for (const sine of dialect.aliases ? [1, 3, 5] : [1]) {
      add(`${mlp}${sine}.freq`, [1, hidden], () => ofLayer('filter.frequency'));
    }
    add(`${to.filter}bias`, [convolutions * width], () => ofConvolutions('filter.bias'));
    add(`${to.filter}modulation.deltas`, [1, 1, convolutions * width], () => ofConvolutions('filter.deltas'));
    if (dialect.positions) {
      const stored = filter.positions === 'stored';
      const computed = (): ReturnType<typeof filterFeatures> => filterFeatures(filter, context, 0, context);
      add(`${to.filter}pos_emb.z`, [1, context, features], () =>
        stored ? ofLayer('filter.features') : computed().features,
      );
      add(`${to.filter}pos_emb.t`, [1, context, 1], () =>
        stored ? ofLayer('filter.times') : computed().times,
      );
    }
  }
  norm(names.normF, 'norm_f');
  if (names.head !== undefined) copy(names.head, [vocabulary, width], tied ? 'embeddings' : 'head');
  return out;
}

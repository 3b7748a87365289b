/** A bundle's weights back in the names they came with: what an import did, undone. */
import { renameSync, rmSync } from 'node:fs';
import { WEIGHTS_FILE, type BundleConfig, type TensorNames } from '../bundle/config.js';
import { BundleError } from '../format/errors.js';
import { filterFeatures } from '../hyena/features.js';
import { openBundle } from '../bundle/bundle.js';
import { elements, layOut, type TensorTable, type Values } from '../onnx/tensors.js';
import { graphWeights, transpose, type HyenaWeights, type Linear } from '../hyena/weights.js';
import { FileBytes } from '../format/file.js';
import { SAFARI } from './hyena/read.js';
import { joinChannels } from './hyena/channel-order.js';
import { hyenaNames } from './hyena/names.js';
import { writeSafetensors, type TensorToWrite } from '../container/safetensors.js';

/** Bundles of this project's training do not say: safari's names, nothing stored that can be computed. */
const OWN: TensorNames = {
  stem: SAFARI.stem,
  wrapped: SAFARI.wrapped,
  layout: SAFARI.layout,
  positions: false,
};

export interface Exported {
  readonly tensors: number;
  /** In bytes. */
  readonly bytes: number;
}

/**
 * Writes all weights of a bundle to a safetensors file, as float32, tensor by tensor. Values are those of the
 * checkpoint bit for bit, but for positions (`pos_emb`) within rounding of the computed ones, which the bundle
 * does not hold: these are computed anew. Tensors that an import left out are not there. Throws BundleError.
 *
 * @param stem prefix of the names instead of the bundle's
 */
export function exportBundle(directory: string, file: string, stem?: string): Exported {
  const bundle = openBundle(directory);
  const { config } = bundle;
  const { names: kept = OWN } = config;
  const names = stem === undefined ? kept : { ...kept, stem, renamed: {} };
  const { table, tied } = findTable(config, bundle.path(WEIGHTS_FILE));
  const weights = FileBytes.open(bundle.path(WEIGHTS_FILE), 'a weights file');
  const fresh = `${file}.new-${process.pid}`;
  try {
    const tensors = namedTensors(config, names, tied, (name, part = 0, parts = 1) => {
      const place = table.places.get(name);
      if (place === undefined) throw new RangeError(`${name} has no place in ${table.file}`);
      const size = place.bytes / parts;
      return new Float32Array(weights.read(place.offset + part * size, size).buffer);
    });
    writeSafetensors(fresh, tensors, { format: 'pt' });
    renameSync(fresh, file);
    const bytes = Object.values(tensors).reduce((sum, { shape }) => sum + 4 * elements(shape), 0);
    return { tensors: Object.keys(tensors).length, bytes };
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    weights.close();
  }
}

/** Reads a tensor of the weights file, or one of so many equal parts of it. */
type Read = (name: string, part?: number, parts?: number) => Float32Array;

/** Where the weights lie follows from the dimensions; whether there is a head of its own, from the size. */
function findTable(
  { model, filter, files }: BundleConfig,
  file: string,
): { table: TensorTable; tied: boolean } {
  const { bytes } = files[WEIGHTS_FILE];
  for (const tied of [true, false]) {
    const { tensors, views } = graphWeights(model, filter, shapesOnly(model.layers, tied), unread);
    const table = layOut(WEIGHTS_FILE, tensors, views);
    if (table.bytes === bytes) return { table, tied };
  }
  const expected = 'the weights of a bundle of this version: make it again with import';
  throw new BundleError({ file, expected, got: `another layout, of ${bytes} bytes` });
}

function namedTensors(
  { model, filter }: BundleConfig,
  dialect: TensorNames,
  tied: boolean,
  read: Read,
): Record<string, TensorToWrite> {
  const { layers, width, inner, vocabulary, context, order } = model;
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
      const taps = ['past2', 'past1', 'now'].map((tap) => read(`${from}.short.${tap}`));
      return new Float32Array(3 * channels).map((_, i) => taps[i % 3][Math.floor(i / 3)]);
    });
    copy(`${to.short}.bias`, [channels], `${from}.short.bias`);

    const ofLayer = (name: string): Float32Array => read(name, l, layers);
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
        const part = read('filter.last', l * convolutions + o, layers * convolutions);
        last.set(transpose(part, hidden, width), o * width * hidden);
      }
      return join(last, hidden);
    });
    for (const sine of dialect.aliases ? [1, 3, 5] : [1]) {
      add(`${mlp}${sine}.freq`, [1, hidden], () => ofLayer('filter.frequency'));
    }
    add(`${to.filter}bias`, [convolutions * width], () => join(ofLayer('filter.bias')));
    add(`${to.filter}modulation.deltas`, [1, 1, convolutions * width], () => join(ofLayer('filter.deltas')));
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

/** Stands in for weights whose layout alone is asked for. */
function unread(): never {
  throw new RangeError('weights that have a place, but no values');
}

function shapesOnly(layers: number, tied: boolean): HyenaWeights {
  const linear: Linear = { weight: unread, bias: unread };
  const filter = {
    bias: unread,
    hidden: [linear, linear, linear],
    last: unread,
    frequency: unread,
    deltas: unread,
  } as const;
  const layer = {
    norm1: linear,
    inProj: linear,
    short: linear,
    filter,
    outProj: linear,
    norm2: linear,
    fc1: linear,
    fc2: linear,
  };
  return {
    embeddings: unread,
    ...(!tied && { head: unread }),
    layers: Array.from({ length: layers }, () => layer),
    normF: linear,
  };
}

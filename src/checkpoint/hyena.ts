/** From the tensor names of Hyena checkpoints to a model's weights. */
import type { FilterDimensions, ModelDimensions } from '../model/config.js';
import { BundleError } from '../model/errors.js';
import type { FilterWeights, HyenaWeights, LayerWeights, Linear, Norm } from '../onnx/weights.js';
import type { TensorSource } from './source.js';

/** How a family of checkpoints names its tensors. */
export interface Dialect {
  /** Prefix of the embeddings, layers and last norm. */
  readonly stem: string;
  /** The head, where the checkpoint has one of its own; a checkpoint without it ties it to the embeddings. */
  readonly head: string;
}

/** Names of safari's checkpoints and of this project's training script. */
export const SAFARI: Dialect = { stem: 'backbone.', head: 'lm_head.weight' };

/**
 * Reads all weights of a model, rows of padding cut off the embeddings and the head. Every tensor must be
 * there, of the shape the dimensions ask for, and finite; and none may be left over. Throws BundleError.
 */
export function readHyena(
  source: TensorSource,
  model: ModelDimensions,
  filter: FilterDimensions,
  dialect: Dialect = SAFARI,
): HyenaWeights {
  const reader = new Reader(source);
  const { stem, head } = dialect;
  const layers = Array.from({ length: model.layers }, (_, l) =>
    readLayer(reader, model, filter, `${stem}layers.${l}.`),
  );
  const weights: HyenaWeights = {
    embeddings: readRows(reader, `${stem}embeddings.word_embeddings.weight`, model),
    ...(reader.has(head) ? { head: readRows(reader, head, model) } : {}),
    layers,
    normF: readNorm(reader, model, `${stem}ln_f`),
  };
  reader.done();
  return weights;
}

function readLayer(
  reader: Reader,
  model: ModelDimensions,
  filter: FilterDimensions,
  name: string,
): LayerWeights {
  const { width, inner } = model;
  const channels = (model.order + 1) * width;
  return {
    norm1: readNorm(reader, model, `${name}norm1`),
    inProj: readLinear(reader, `${name}mixer.in_proj`, channels, width),
    short: {
      weight: reader.read(`${name}mixer.short_filter.weight`, [channels, 1, 3]),
      bias: reader.read(`${name}mixer.short_filter.bias`, [channels]),
    },
    filter: readFilter(reader, width, filter, `${name}mixer.filter_fn.`),
    outProj: readLinear(reader, `${name}mixer.out_proj`, width, width),
    norm2: readNorm(reader, model, `${name}norm2`),
    fc1: readLinear(reader, `${name}mlp.fc1`, inner, width),
    fc2: readLinear(reader, `${name}mlp.fc2`, width, inner),
  };
}

function readFilter(
  reader: Reader,
  width: number,
  { features, hidden }: FilterDimensions,
  name: string,
): FilterWeights {
  const mlp = `${name}implicit_filter.`;
  const frequency = reader.read(`${mlp}1.freq`, [1, hidden]);
  // One shared tensor, which some files hold under all of its names.
  for (const alias of [`${mlp}3.freq`, `${mlp}5.freq`]) {
    if (!reader.has(alias)) continue;
    const values = reader.read(alias, [1, hidden]);
    if (values.some((value, i) => value !== frequency[i])) {
      reader.fail(alias, `the values of ${mlp}1.freq`, 'others');
    }
  }
  return {
    bias: reader.read(`${name}bias`, [width]),
    hidden: [
      readLinear(reader, `${mlp}0`, hidden, features),
      readLinear(reader, `${mlp}2`, hidden, hidden),
      readLinear(reader, `${mlp}4`, hidden, hidden),
    ],
    last: reader.read(`${mlp}6.weight`, [width, hidden]),
    frequency,
    deltas: reader.read(`${name}modulation.deltas`, [1, 1, width]),
  };
}

function readLinear(reader: Reader, name: string, outputs: number, inputs: number): Linear {
  return {
    weight: reader.read(`${name}.weight`, [outputs, inputs]),
    bias: reader.read(`${name}.bias`, [outputs]),
  };
}

function readNorm(reader: Reader, { width }: ModelDimensions, name: string): Norm {
  return { weight: reader.read(`${name}.weight`, [width]), bias: reader.read(`${name}.bias`, [width]) };
}

/** `[at least vocabulary, width]`, cut to the vocabulary. */
function readRows(reader: Reader, name: string, { vocabulary, width }: ModelDimensions): Float32Array {
  return reader.read(name, [vocabulary, width], true).subarray(0, vocabulary * width);
}

/** Reads tensors against their shapes, and knows which were asked for. */
class Reader {
  private readonly asked = new Set<string>();

  constructor(private readonly source: TensorSource) {}

  has(name: string): boolean {
    return this.source.tensors.has(name);
  }

  /** @param padded whether there may be more rows than asked for */
  read(name: string, shape: readonly number[], padded = false): Float32Array {
    const found = this.source.tensors.get(name)?.shape;
    if (found === undefined) this.fail(name, `a tensor [${shape.join(', ')}]`, 'none');
    const fits =
      found.length === shape.length && found.every((dim, i) => fitsDim(dim, shape[i], padded && i === 0));
    if (!fits) {
      this.fail(name, `[${padded ? 'at least ' : ''}${shape.join(', ')}]`, `[${found.join(', ')}]`);
    }
    this.asked.add(name);
    const values = this.source.read(name);
    const odd = values.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) this.fail(name, 'finite numbers', `${values[odd]} at ${odd}`);
    return values;
  }

  /** Refuses tensors nobody asked for: a model that has them computes something else. */
  done(): void {
    for (const name of this.source.tensors.keys()) {
      if (!this.asked.has(name)) this.fail(name, 'no such tensor', 'one');
    }
  }

  fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.source.file, field, expected, got });
  }
}

function fitsDim(found: number, wanted: number, orMore: boolean): boolean {
  return orMore ? found >= wanted : found === wanted;
}

/** StripedHyena models, 1 and 2: Evo 1 as stripedhyena saves it, Evo 2 as Vortex does. */
import { BundleError } from '../../format/index.js';
import type { Architecture, Hints } from '../architecture.js';
import { inferDimensions } from './dimensions.js';
import { EMBEDDINGS, HEAD } from './names.js';
import { positionsOf } from './positions.js';
import { readStriped } from './read.js';

/** Widths of the models that mean nothing without 8-bit floats. */
const NEED_FP8 = new Map([
  [1920, 'Evo 2 1B'],
  [8192, 'Evo 2 20B and 40B'],
]);
/** What Transformer Engine leaves behind of a product in 8-bit floats: its scales. */
const FP8_STATE = 'blocks.0.projections._extra_state';

export const STRIPED_HYENA: Architecture = {
  name: 'StripedHyena',
  landmark: EMBEDDINGS,
  choices: ['context', 'ropeScale', 'withoutFp8'],

  detect(names) {
    const all = new Set(names);
    return [...all]
      .filter((name) => name === EMBEDDINGS || name.endsWith(`.${EMBEDDINGS}`))
      .map((name) => name.slice(0, -EMBEDDINGS.length));
  },

  owns: () => false,

  read(found, hints) {
    const { version, model } = inferDimensions(found);
    checkFp8(model.width, hints);
    const { scale, context } = positionsOf(found, hints);
    const { values, headed } = readStriped(found, version, model, scale, hints.leftOut);
    return {
      model: { ...model, context },
      family: version === 1 ? 'evo1' : 'evo2',
      dialect: version === 1 ? 'StripedHyena' : 'StripedHyena 2 (Vortex)',
      head: found.stem + (found.source.tensors.has(found.stem + HEAD) ? HEAD : EMBEDDINGS),
      headed,
      values,
      ...(model.vocabulary >= 256 && { tokenizer: 'bytes' as const }),
    };
  },
};

/** Throws BundleError for a model that was trained with products in 8-bit floats and gives chance without. */
function checkFp8(width: number, { checkpoint, chosen, notes }: Hints): void {
  const model = NEED_FP8.get(width);
  if (model === undefined || !checkpoint.has(FP8_STATE)) return;
  const why = `${model} were trained with 8-bit floats (FP8) on Hopper GPUs, and predict next to nothing without`;
  if (chosen.withoutFp8) {
    notes.push(`WITHOUT FP8: ${why}; this bundle is not the model`);
    return;
  }
  throw new BundleError({
    file: checkpoint.file,
    field: FP8_STATE,
    expected: 'a model that runs without FP8 (Evo 2 7B, or NVIDIA’s bf16 1B), or --without-fp8',
    got: why,
  });
}

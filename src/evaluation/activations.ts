/** What a model computes for a text, to be held against other programs. */
import { build, fit, type Mixer, type MixerName } from '../mixer/index.js';
import type { LanguageModel, Progress } from '../model/index.js';
import {
  callback,
  checkMemory,
  checkOptions,
  type Checks,
  type ComputeOptions,
  MIXER,
  signal as aSignal,
  threads as someThreads,
} from '../generation/index.js';

/** Of every position of a text. */
export interface Activations {
  /** `[time, vocabulary]`. */
  readonly logits: Float32Array;
  /** Last hidden states, normalised: what the head reads, `[time, width]`. */
  readonly hidden: Float32Array;
}

/** What `computeActivations` takes. */
export interface ActivationOptions extends Omit<ComputeOptions, 'memory'> {
  /** Token by token through this mixer, as generation goes. Default: the prompt's way, all at once. */
  readonly stepwise?: MixerName | undefined;
  readonly onProgress?: Progress | undefined;
}

const OPTIONS: Checks<ActivationOptions> = {
  threads: someThreads,
  stepwise: MIXER,
  onProgress: callback,
  signal: aSignal,
};

/**
 * Logits and last hidden states of every position. Throws a RangeError for ids the model does not have, or more of them
 * than its context.
 */
export async function computeActivations(
  model: LanguageModel,
  ids: readonly number[],
  options: ActivationOptions = {},
): Promise<Activations> {
  checkOptions('computeActivations', options, OPTIONS);
  const { stepwise, threads = 1, onProgress, signal } = options;
  const { vocabulary, width, context } = model.config.model;
  if (ids.length > context) {
    throw new RangeError(`${ids.length} tokens do not fit the model's context of ${context}`);
  }
  const logits = new Float32Array(ids.length * vocabulary);
  const hidden = new Float32Array(ids.length * width);
  if (ids.length === 0) return { logits, hidden };
  const mixer = stepwise && (await filledMixer(model, stepwise, ids.length, threads));
  try {
    for await (const chunk of model.logits(ids, { stepwise: mixer, onProgress, signal })) {
      logits.set(chunk.logits, chunk.start * vocabulary);
      hidden.set(chunk.hidden, chunk.start * width);
    }
  } finally {
    await mixer?.close();
  }
  return { logits, hidden };
}

/** A mixer with the model's filters in it and room for `length` positions. */
async function filledMixer(
  model: LanguageModel,
  name: MixerName,
  length: number,
  threads: number,
): Promise<Mixer> {
  const { convolutions, filter, config } = model;
  const shape = { convolutions, width: config.model.width, length, ...(filter && { filter }) };
  const recipe = fit({ name, shape, threads, implicit: model.implicit });
  checkMemory(recipe);
  const mixer = await build(recipe);
  for (let m = 0; filter === undefined && m < convolutions; m++)
    mixer.setFilter(m, await model.taps(m, length, 0, mixer.filters));
  return mixer;
}

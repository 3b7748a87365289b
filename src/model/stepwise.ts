import type { Mixer } from '../mixer/index.js';
import type { LanguageModel, LogitsChunk, ScoreOptions } from './types.js';

const NOTHING = new Float32Array(0);

/** A chunk of one row after each of `ids`, token by token through a mixer. */
export async function* stepThrough(
  model: Pick<LanguageModel, 'start' | 'step'>,
  ids: ArrayLike<number>,
  options: ScoreOptions & { readonly stepwise: Mixer; readonly hidden: boolean },
): AsyncGenerator<LogitsChunk> {
  const { stepwise: mixer, onProgress, signal } = options;
  const state = model.start(1, options);
  for (let t = 0; t < ids.length; t++) {
    signal?.throwIfAborted();
    mixer.pending(state.pending);
    const { logits, y, hidden = NOTHING } = await model.step(state, ids[t]);
    mixer.push(y);
    yield { start: t, rows: 1, logits, hidden };
    onProgress?.(t + 1, ids.length);
  }
}

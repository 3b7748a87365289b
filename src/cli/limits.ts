/** What a model can take, so that no work is done for what it cannot. */
import type { Loaded } from '../generation/index.js';
import { UsageError } from './errors.js';

export interface Limits {
  /** Tokens. */
  readonly context: number;
  /** Bytes of the longest token. */
  readonly longestToken: number;
}

export function limitsOf({ model, tokenizer }: Loaded): Limits {
  let longestToken = 1;
  for (let id = 0; id < tokenizer.size; id++) {
    longestToken = Math.max(longestToken, tokenizer.bytes(id).length);
  }
  return { context: model.config.model.context, longestToken };
}

/** Refuses a text that no tokens could fit into the context, before it is cut into tokens. Throws a UsageError. */
export function checkPromptLength(prompt: string, { context, longestToken }: Limits, what: string): void {
  const bytes = Buffer.byteLength(prompt);
  if (bytes <= context * longestToken) return;
  throw new UsageError(
    `${what}: ${bytes} bytes do not fit the model's context of ${context} tokens of at most ${longestToken} bytes`,
  );
}

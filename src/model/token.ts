import type { ModelDimensions } from '../bundle/index.js';

/** Out of range, an id would read beyond the embeddings. */
export function checkToken(id: number, vocabulary: number): void {
  if (!Number.isSafeInteger(id) || id < 0 || id >= vocabulary) {
    throw new RangeError(`token ${id} is not in the vocabulary, 0 to ${vocabulary - 1}`);
  }
}

/** Throws a RangeError unless there is a token of the vocabulary for each lane. */
export function checkTokens(ids: ArrayLike<number>, lanes: number, vocabulary: number): void {
  if (ids.length !== lanes) throw new RangeError(`${ids.length} tokens for ${lanes} sequences`);
  for (let lane = 0; lane < lanes; lane++) checkToken(ids[lane], vocabulary);
}

/** Throws a RangeError for a number of sequences that is none. */
export function checkLanes(lanes: number): void {
  if (!Number.isSafeInteger(lanes) || lanes < 1) {
    throw new RangeError(`a batch of ${lanes} sequences is not one`);
  }
}

/** Throws a RangeError for no ids, too many with those `ahead`, or such as the model does not have. */
export function checkIds(
  ids: ArrayLike<number>,
  ahead: number,
  { context, vocabulary }: Pick<ModelDimensions, 'context' | 'vocabulary'>,
): void {
  if (ids.length === 0) throw new RangeError('a prompt needs at least one token');
  if (!Number.isSafeInteger(ahead) || ahead < 0) throw new RangeError(`${ahead} tokens cannot be generated`);
  if (ids.length + ahead > context) {
    const more = ahead > 0 ? ` and ${ahead} more` : '';
    throw new RangeError(`${ids.length} prompt tokens${more} do not fit the model's context of ${context}`);
  }
  for (let t = 0; t < ids.length; t++) checkToken(ids[t], vocabulary);
}

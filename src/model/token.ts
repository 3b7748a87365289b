/** Out of range, an id would read beyond the embeddings. */
export function checkToken(id: number, vocabulary: number): void {
  if (!Number.isSafeInteger(id) || id < 0 || id >= vocabulary) {
    throw new RangeError(`token ${id} is not in the vocabulary, 0 to ${vocabulary - 1}`);
  }
}

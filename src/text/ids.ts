import { TextError, type Tokenizer } from './tokenizer.js';

/**
 * For models of things that are no text, such as codes of events: their tokens are written as what they are, ids in
 * decimal, `7 8 9`, with spaces, line ends or commas between them.
 *
 * @param vocabulary logits the model has
 */
export function idTokenizer(vocabulary: number): Tokenizer {
  return {
    size: vocabulary,
    endOfText: null,
    startOfText: null,
    encode(text) {
      const words = text.split(/[\s,]+/).filter((word) => word !== '');
      return words.map((word, i) => {
        const id = /^\d{1,9}$/.test(word) ? Number(word) : vocabulary;
        if (id < vocabulary) return id;
        const got = JSON.stringify(word.slice(0, 40));
        throw new TextError(`token ${i}: expected an id from 0 to ${vocabulary - 1}, got ${got}`);
      });
    },
    bytes: (id) => Buffer.from(`${id} `),
  };
}

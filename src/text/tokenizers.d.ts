/** The package's own declarations import each other without file endings, which Node's resolution cannot follow. */
declare module '@huggingface/tokenizers' {
  export class Tokenizer {
    constructor(json: object, config: object);
    encode(text: string, options?: { add_special_tokens?: boolean }): { ids: number[] };
    get_vocab(): Map<string, number>;
  }
}

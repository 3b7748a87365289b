import { Outlet, type Tokenizer } from '../text/index.js';
import type { StopReason, Timings } from './generation.js';
import { logprobsOf, type Logprobs } from './logprobs.js';

/** What one token lets out. */
export class Chunk {
  constructor(
    /** The token; null for what was held back until the end. */
    readonly token: number | null,
    /** UTF-8. Nothing while it may be part of a stop or of a character. */
    readonly bytes: Uint8Array,
    /** Where the option `logprobs` asks for them. */
    readonly logprobs?: Logprobs,
  ) {}

  /** The bytes as text; what is no UTF-8 is U+FFFD. */
  get text(): string {
    const { buffer, byteOffset, length } = this.bytes;
    return Buffer.from(buffer, byteOffset, length).toString('utf8');
  }
}

/** Why a text ended: `word` is a stop. */
export type StopType = StopReason | 'word';

/** What is known once the text has ended. */
export interface TextResult {
  readonly text: string;
  /** Those generated, also the ones of a stop that is no part of the text. */
  readonly tokens: readonly number[];
  readonly stopType: StopType;
  readonly stoppingWord: string | null;
  readonly promptTokens: number;
  readonly seed: number;
  /** ms. */
  readonly timings: Timings;
}

export interface TextBuilderOptions {
  /** The text ends before any of these, also where they span tokens. */
  readonly stop?: readonly string[] | undefined;
  /** Let out parts of characters. */
  readonly raw?: boolean | undefined;
  /** Also report the log probabilities of each token and of this many most likely ones. */
  readonly logprobs?: number | undefined;
  /** What a run before held back. */
  readonly held?: Uint8Array | undefined;
}

const NOTHING = new Uint8Array(0);

/** A text as it is put together from tokens. */
export class TextBuilder {
  readonly tokens: number[] = [];
  private readonly outlet: Outlet;
  private readonly carried: Uint8Array;
  /** How many of the most likely tokens to report, if any. */
  readonly topLogprobs: number | undefined;
  /** Bytes let out. */
  private left = 0;

  constructor(
    private readonly tokenizer: Tokenizer,
    { stop = [], raw = false, logprobs, held = NOTHING }: TextBuilderOptions,
  ) {
    this.carried = held;
    this.topLogprobs = logprobs;
    this.outlet = new Outlet({ stops: stop, raw, held });
  }

  /** The stop that was met: the text is over. */
  get stoppingWord(): string | null {
    return this.outlet.stop;
  }

  /** What has not been let out; after a stop, what came behind it. */
  get held(): Uint8Array {
    return this.outlet.held;
  }

  /** @param logits what the token was drawn from, `[vocabulary]` */
  push(token: number, logits: Float32Array): Chunk {
    this.tokens.push(token);
    const bytes = this.outlet.push(this.tokenizer.bytes(token));
    this.left += bytes.length;
    const { topLogprobs: top } = this;
    return new Chunk(token, bytes, top === undefined ? undefined : logprobsOf(logits, token, top));
  }

  /** The text is over, and nothing that was held back is a stop. */
  flush(): Chunk {
    const bytes = this.outlet.stop === null ? this.outlet.flush() : NOTHING;
    this.left += bytes.length;
    return new Chunk(null, bytes);
  }

  /** What has been let out, and why no more. A stop that was met is the reason, whatever others there are. */
  result(reason: StopType, facts: Pick<TextResult, 'promptTokens' | 'seed' | 'timings'>): TextResult {
    const { tokens, stoppingWord } = this;
    const all = Buffer.concat([this.carried, ...tokens.map((id) => this.tokenizer.bytes(id))]);
    return {
      text: all.toString('utf8', 0, this.left),
      tokens,
      stopType: stoppingWord === null ? reason : 'word',
      stoppingWord,
      ...facts,
    };
  }
}

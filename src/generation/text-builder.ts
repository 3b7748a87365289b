import { Outlet, type Tokenizer } from '../text/index.js';
import { logprobsOf, type Logprobs } from './logprobs.js';

/** What one token lets out. */
export interface Chunk {
  /** The token; null for what was held back until the end. */
  readonly token: number | null;
  /** Nothing while it may be part of a stop or of a character. */
  readonly bytes: Uint8Array;
  readonly logprobs?: Logprobs;
}

export interface AssemblyOptions {
  /** The text ends before any of these, also where they span tokens. */
  readonly stop?: readonly string[];
  /** Let out parts of characters. */
  readonly raw?: boolean;
  /** Also report the log probabilities of each token and of this many most likely ones. */
  readonly logprobs?: number;
  /** What a run before held back. */
  readonly held?: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** A text as it is put together from tokens. */
export class Assembly {
  readonly tokens: number[] = [];
  private readonly outlet: Outlet;
  private readonly carried: Uint8Array;
  private readonly logprobs: number | undefined;
  /** Bytes let out. */
  private left = 0;

  constructor(
    private readonly tokenizer: Tokenizer,
    { stop = [], raw = false, logprobs, held = NOTHING }: AssemblyOptions,
  ) {
    if (stop.includes('')) throw new RangeError('an empty text would stop every text');
    this.carried = held;
    this.logprobs = logprobs;
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

  /** What has been let out. */
  get text(): string {
    const all = Buffer.concat([this.carried, ...this.tokens.map((id) => this.tokenizer.bytes(id))]);
    return all.subarray(0, this.left).toString('utf8');
  }

  /** @param logits what the token was drawn from, `[vocabulary]` */
  push(token: number, logits: Float32Array): Chunk {
    this.tokens.push(token);
    const bytes = this.outlet.push(this.tokenizer.bytes(token));
    this.left += bytes.length;
    const { logprobs } = this;
    return { token, bytes, ...(logprobs !== undefined && { logprobs: logprobsOf(logits, token, logprobs) }) };
  }

  /** The text is over, and nothing that was held back is a stop. */
  flush(): Chunk {
    const bytes = this.outlet.stop === null ? this.outlet.flush() : NOTHING;
    this.left += bytes.length;
    return { token: null, bytes };
  }
}

import { StopMatcher } from './stops.js';

export interface OutletOptions {
  /** Strings that end the text; they are no part of it. */
  readonly stops?: readonly string[];
  /** Let parts of characters through. */
  readonly raw?: boolean;
  /** What another outlet still held back. */
  readonly held?: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/**
 * The bytes of a text on their way out. What may turn out to be the beginning of a stop, or is the beginning of a
 * character of UTF-8, is held back until more is known. However the bytes arrive, what leaves is the same.
 */
export class Outlet {
  private readonly matcher: StopMatcher;
  private readonly raw: boolean;
  private waiting: Uint8Array = NOTHING;
  /** The stop that was met: no more of the text follows. */
  stop: string | null = null;

  constructor({ stops = [], raw = false, held = NOTHING }: OutletOptions = {}) {
    this.matcher = new StopMatcher(stops);
    this.raw = raw;
    this.carried = held;
  }

  /** Bytes of the outlet before, to be looked at together with the first ones here. */
  private carried: Uint8Array;

  /** What is held back: after a stop, what came behind it. */
  get held(): Uint8Array {
    return this.carried.length === 0 ? this.waiting : Buffer.concat([this.waiting, this.carried]);
  }

  /** Takes bytes; returns those that can leave. */
  push(bytes: Uint8Array): Uint8Array {
    const fresh = this.carried.length === 0 ? bytes : Buffer.concat([this.carried, bytes]);
    this.carried = NOTHING;
    const all = this.waiting.length === 0 ? fresh : Buffer.concat([this.waiting, fresh]);
    for (let i = 0; i < fresh.length; i++) {
      this.stop = this.matcher.feed(fresh[i]);
      if (this.stop === null) continue;
      const end = all.length - fresh.length + i + 1;
      this.waiting = all.slice(end);
      return all.subarray(0, end - Buffer.byteLength(this.stop));
    }
    const sure = all.subarray(0, all.length - this.matcher.pending);
    const leaving = this.raw ? sure : sure.subarray(0, sure.length - partOfCharacter(sure));
    this.waiting = all.slice(leaving.length);
    return leaving;
  }

  /** The text is over: all that is held back. */
  flush(): Uint8Array {
    const { held } = this;
    this.waiting = NOTHING;
    this.carried = NOTHING;
    return held;
  }
}

/**
 * How many bytes at the end begin a character of UTF-8 without completing it. A character that turns out to be
 * broken decodes to the same replacement however it is cut before its first byte.
 */
export function partOfCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back];
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > back ? back : 0;
  }
  return 0;
}

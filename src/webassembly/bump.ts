/** Addresses start and arrays are aligned at whole cache lines. */
const LINE = 64;

/** Lays arrays out one after the other. Only arithmetic: nothing is allocated. */
export class Bump {
  private top = LINE;

  /** Reserves `bytes` and returns their address. Byte counts stay exact past 2^32, where they are refused later. */
  take(bytes: number): number {
    const address = this.top;
    this.top += Math.ceil(bytes / LINE) * LINE;
    return address;
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.top;
  }
}

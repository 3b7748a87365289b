/**
 * What reading a file may hold in memory. A byte or two of a text or a pickle can stand for an object of
 * hundreds of bytes, so a file's own length bounds nothing; the sum of rough sizes does.
 */

/** Far more than any description of a model takes, and far less than a machine has. */
const MOST = 256 * 2 ** 20;

/** Rough sizes in V8, in bytes, what they hold not included. */
export const SIZE = { value: 32, list: 80, map: 240, entry: 48, text: 40 } as const;

export class Budget {
  private left = MOST;

  /** @param exceeded reports the file that asks for more than `most` */
  constructor(private readonly exceeded: (most: string) => never) {}

  spend(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) this.exceeded(`${MOST / 2 ** 20} MiB`);
  }
}

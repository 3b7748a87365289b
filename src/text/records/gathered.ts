/** Bytes as they come, up to a limit; beyond it they are counted and let go. */
export class Gathered {
  private parts: Uint8Array[] = [];
  length = 0;

  constructor(private readonly most: number) {}

  get fits(): boolean {
    return this.length <= this.most;
  }

  add(bytes: Uint8Array): void {
    this.length += bytes.length;
    // A copy: whoever reads may overwrite what it has handed out.
    if (this.fits) this.parts.push(bytes.slice());
    else this.parts = [];
  }

  /** All of it, and nothing is left. */
  take(): Buffer {
    const all = Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    return all;
  }
}

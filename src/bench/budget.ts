/**
 * Time, shared out among phases by weight. A phase that takes less leaves more for those after it; one that takes more, as each
 * must do its least, leaves less.
 */
export class Budget {
  private readonly began: number;
  private readonly ahead: [phase: string, weight: number][];

  constructor(
    readonly ms: number,
    weights: Readonly<Record<string, number>>,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.began = clock();
    this.ahead = Object.entries(weights);
  }

  get spent(): number {
    return this.clock() - this.began;
  }

  /** Begins a phase, and drops those before it: ms that it may take. */
  begin(phase: string): number {
    const at = this.ahead.findIndex(([name]) => name === phase);
    const weights = this.ahead.splice(0, at + 1).at(-1);
    if (at < 0 || weights === undefined) throw new Error(`no phase ${phase} ahead`);
    if (weights[1] === 0) return 0;
    const rest = this.ahead.reduce((sum, [, weight]) => sum + weight, 0);
    return (Math.max(0, this.ms - this.spent) * weights[1]) / (weights[1] + rest);
  }
}

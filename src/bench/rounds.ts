/** Who is measured when, so that what is measured side by side meets the same machine, and the time given suffices. */

/** Thrown in the middle of a measurement that has no time left. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** Something that can be measured again and again. */
export interface Contender {
  /** What measuring it is thought to take, ms: only its relation to others matters once some have been measured. */
  readonly expectedMs: number;
  /**
   * Measures it once: made anew, or, if it need not be, as it was left. Throws `OutOfTime` if that lasts until `deadline`, by the
   * clock that it was made with.
   */
  round(deadline: number, anew: boolean): Promise<void>;
}

interface Record {
  readonly contender: Contender;
  rounds: number;
  /** What its last round took, made anew and not, ms. */
  anewMs: number;
  againMs: number;
}

/** Of what it takes to make and measure something, what measuring it again is thought to take. */
const AGAIN = 0.5;
/** Of the time, what may go to making things anew more than once. */
const ANEW = 0.5;

/**
 * Contenders in rounds, one after the other in each; whoever comes first in one round comes last in another. The first round
 * goes as given, without those that there is no time for. Later rounds are whole if they can be, and else have the cheaper ones.
 */
export class Rounds {
  private readonly records: Record[];
  private round = 0;

  constructor(
    contenders: readonly Contender[],
    private readonly most: number,
    private readonly clock: () => number,
  ) {
    this.records = contenders.map((contender) => ({ contender, rounds: 0, anewMs: 0, againMs: 0 }));
  }

  /**
   * Measures for so many ms: begins nothing that is expected to take longer than what is left. May be called again; each time,
   * contenders are made anew once, if that leaves time for more.
   *
   * @param firstMs for the first round, where it is to be whole whatever it takes
   */
  async spend(ms: number, firstMs = ms): Promise<void> {
    const deadline = this.clock() + ms;
    const measured = this.records.filter(({ rounds }) => rounds > 0);
    const anewMs = measured.reduce((sum, record) => sum + record.anewMs, 0);
    await this.first(this.clock() + firstMs);
    if (measured.length > 0 && anewMs < ANEW * ms && this.round < this.most)
      await this.all(measured, deadline, true);
    while (this.round < this.most) {
      const next = this.affordable(deadline - this.clock());
      if (next.length === 0) return;
      await this.all(next, deadline, false);
    }
  }

  /** Those that have not been measured yet. */
  private async first(deadline: number): Promise<void> {
    const missing = this.records.filter(({ rounds }) => rounds === 0);
    for (const record of missing) {
      const { pace } = this;
      const left = deadline - this.clock();
      if (left <= 0 || left < pace * record.contender.expectedMs || left < 2 * record.anewMs) continue;
      // Nobody knows yet how slow the machine is: there must be time left for others.
      await this.measure(record, pace > 0 ? deadline : deadline - left / 2, true);
    }
    if (missing.length > 0) this.round++;
  }

  private async all(records: readonly Record[], deadline: number, anew: boolean): Promise<void> {
    for (let k = 0; k < records.length; k++)
      await this.measure(records[(k + this.round) % records.length], deadline, anew);
    this.round++;
  }

  /** How much slower than thought this machine has been so far; 0 before anything was measured. */
  private get pace(): number {
    let [took, expected] = [0, 0];
    for (const { contender, rounds, anewMs } of this.records) {
      if (rounds > 0) [took, expected] = [took + anewMs, expected + contender.expectedMs];
    }
    return expected === 0 ? 0 : took / expected;
  }

  /** As many as fit, by what their last rounds took: all, or all but the dearest. */
  private affordable(ms: number): Record[] {
    let sum = 0;
    const chosen = new Set(
      this.records
        .filter(({ rounds }) => rounds > 0)
        .toSorted((a, b) => a.againMs - b.againMs)
        .filter(({ againMs }) => (sum += againMs) <= ms),
    );
    return this.records.filter((record) => chosen.has(record));
  }

  private async measure(record: Record, deadline: number, anew: boolean): Promise<void> {
    const begin = this.clock();
    try {
      await record.contender.round(deadline, anew);
      record.rounds++;
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
    }
    const took = this.clock() - begin;
    if (anew) record.anewMs = took;
    if (!anew) record.againMs = took;
    else if (record.againMs === 0) record.againMs = took * AGAIN;
  }
}

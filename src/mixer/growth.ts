import {
  type GrowingTaps,
  type ImplicitFilters,
  type Lags,
  MOST_GROWN,
  ROWS_TOGETHER,
} from './engine/index.js';
import type { Team } from './thread/index.js';

/** In so many steps what has begun is done, where each step does a part: the odd ones, in which no tile is due, of some 12. */
const STEPS = 6;

/** Taps of implicit filters that are evaluated while the run goes on, by another thread or a part in every other step. */
export class Growth {
  /** The latest two that have been handed over. */
  private readonly jobs: [number, number] = [0, 0];
  /** What this thread has begun. */
  private own = { first: 0, end: 0, parts: 0, done: 0 };
  /** Where the rows end that have begun last, if they may not be there yet. */
  private end = 0;

  constructor(
    private readonly filters: ImplicitFilters,
    private readonly taps: GrowingTaps,
    private readonly team: Team,
    /** Whether tiles may be computed by threads that are not those which evaluate taps. */
    private readonly apart: boolean,
  ) {}

  /**
   * Begins to evaluate rows from `first` on; those before it may be read by tiles that become due from now on. Throws a
   * RangeError if they are too many, no multiple of 4, or do not go on where the last ones ended, or those that are `there`.
   */
  begin(first: number, lags: Lags, there: number): void {
    const { filters, taps, team, jobs } = this;
    const count = lags.times.length;
    if (count > MOST_GROWN || first % ROWS_TOGETHER !== 0 || count % ROWS_TOGETHER !== 0) {
      const expected = `multiples of ${ROWS_TOGETHER}, at most ${MOST_GROWN}`;
      throw new RangeError(`taps ${first} ... and ${count} of them: expected ${expected}`);
    }
    if (first > Math.max(there, this.end)) {
      throw new RangeError(
        `filters of which ${Math.max(there, this.end)} rows are there go on there, not at ${first}`,
      );
    }
    this.finishOwn();
    // Of two growths there is room for the lags.
    team.wait(jobs[this.apart ? 1 : 0]);
    this.end = first + count;
    filters.hold(first, lags);
    jobs[0] = jobs[1];
    if (!team.defersInline) jobs[1] = team.grow(first, this.end);
    else this.own = { first, end: this.end, parts: taps.parts(first, this.end), done: 0 };
  }

  /** In the step that makes `known` inputs known. */
  step(known: number): void {
    const { parts, done } = this.own;
    if (done < parts && known % 2 === 1) this.doOwn(Math.min(parts, done + Math.ceil(parts / STEPS)));
  }

  /** Waits until all that has begun is done. Returns the row where it ended; 0 if there was nothing. */
  finish(): number {
    this.finishOwn();
    this.team.wait(this.jobs[1]);
    const { end } = this;
    this.end = 0;
    return end;
  }

  private finishOwn(): void {
    this.doOwn(this.own.parts);
  }

  private doOwn(until: number): void {
    const { own, taps } = this;
    for (; own.done < until; own.done++) taps.part(own.done, own.first, own.end);
  }
}

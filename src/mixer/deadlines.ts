import type { Deferred } from './engine/index.js';
import { dueWithin } from './schedule/index.js';
import type { PerLane } from './shape.js';
import type { Team } from './thread/index.js';

/** Steps whose deferred slices are handed over together, so that a worker is not woken for each. */
const BATCH = 16;

/** Hands deferred tiles to the team, and waits for them when they are due: see `Deferred`. */
export class Deadlines {
  private readonly batch: number;
  private steps = 0;
  /** By lane: the position up to which deferred slices have been handed over. */
  private readonly handed: PerLane;
  /** By lane: the job that must be finished at its next deadline. */
  private readonly jobs: number[];

  constructor(
    private readonly deferred: Deferred,
    private readonly team: Team,
    /** The position of each lane. */
    private readonly at: PerLane,
  ) {
    this.batch = Math.min(BATCH, Math.max(1, deferred.period / 4));
    this.handed = new Int32Array(at.length);
    this.jobs = new Array<number>(at.length).fill(0);
  }

  /** A lane has gone to a position, and has nothing under way there. */
  goTo(lane: number, position: number): void {
    this.handed[lane] = position;
    this.jobs[lane] = 0;
  }

  /** Before a step: waits for tiles to whose outputs it may add, `active` being each lane's position (-1: none). */
  await(active: PerLane): void {
    for (let lane = 0; lane < active.length; lane++) {
      if ((active[lane] + 1) % this.deferred.period === 0) this.team.wait(this.jobs[lane]);
    }
  }

  /** After a step. */
  stepped(): void {
    this.steps++;
    if (this.team.defersInline || this.steps % this.batch === 0) this.handOver();
  }

  /** Hands the deferred slices of all steps so far to the team. */
  handOver(): void {
    const { at, handed, team } = this;
    const { period } = this.deferred;
    if (handed.every((known, lane) => known === at[lane])) return;
    const job = team.defer(handed, at);
    for (let lane = 0; lane < at.length; lane++) {
      // The last step whose slices are due at the next multiple of the period.
      const last = at[lane] - (at[lane] % period) + dueWithin(period) - 1;
      if (handed[lane] < last && last <= at[lane]) this.jobs[lane] = job;
      handed[lane] = at[lane];
    }
  }
}

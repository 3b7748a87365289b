import type { Worker } from 'node:worker_threads';
import { built, startSupervisor } from '../../webassembly/index.js';
import type { Engine, Recipe } from '../engine/index.js';
import { mixerModules } from '../kernel/index.js';
import type { Range } from '../schedule/index.js';
import type { PerLane } from '../shape.js';
import { JobRing, share, type Patience } from './job-ring.js';
import type { WorkerData } from './worker.js';

/** Work worth fewer ns than this in total wakes no sleeping worker, which would take 54 us. */
const WORTH_WAKING = 200_000;
/**
 * Where there are as many units as this, workers that are awake take part in every step: each thread then keeps its own
 * units in its own cache. With fewer, handing over takes longer than the work.
 */
const WORTH_KEEPING = 8;

/** Steps that memory is touched for at a time, where another thread does it. */
const TOUCHED = 16;

/** Without a sign of life for so long (ms) a worker is taken not to start. */
const START_WITHIN = 60_000;

/** Threads that run one engine's jobs together, the caller's among them. */
export interface Team {
  /** Does `Engine.prepareUnits`, all threads together. */
  prepare(from: number, to: number): void;
  /** Does `Touch.ahead` before the step that makes `known` inputs known, or has another thread do it some steps at a time. */
  touchAhead(known: number): void;
  /** Begins the engine's step at each lane's position: the caller's share is done on return, the others' after `join`. */
  step(positions: PerLane): void;
  /** The same for the sums. */
  sums(positions: PerLane): void;
  /** Waits until all that these have begun is done. To be called before anything is read or written that it works on. */
  join(): void;
  /**
   * Hands over the deferred slices of the steps that made `begin` < known <= `end` inputs known. Returns a number for
   * `wait`. Only for engines that have deferred tiles.
   */
  defer(begin: PerLane, end: PerLane): number;
  /** Has another thread evaluate taps `first` to `end` of all filters. Returns a number for `wait`. Not while it `defersInline`. */
  grow(first: number, end: number): number;
  /** Waits until everything up to the number that a `defer` has returned is done; without one, everything. */
  wait(job?: number): void;
  /** Forgets deferred tiles that are under way: the position or what is there has changed. */
  forget(): void;
  /** Whether `defer` does the work itself, then and there. */
  readonly defersInline: boolean;
  close(): Promise<void>;
}

/** The caller, without others. */
export function soloTeam(engine: Engine, units: number): Team {
  return {
    prepare: (from, to) => engine.prepareUnits?.(from, from, to),
    touchAhead: (known) => engine.touch?.ahead(known),
    step: (positions) => engine.step(positions, 0, units, 0),
    sums: (positions) => engine.sums(positions, 0, units),
    join: () => undefined,
    defer(begin, end) {
      engine.deferred?.piecewise(begin, end, 0, units, 0);
      return 0;
    },
    grow: () => 0,
    wait: () => undefined,
    forget: () => engine.deferred?.forget(),
    defersInline: true,
    close: () => Promise.resolve(),
  };
}

export interface CrewOptions {
  /** Jobs worth this many ns are shared among the threads. Default: where that pays. */
  readonly worthSharing?: number;
  /** Waits until all threads have started. Default: unless steps are flat: what these defer meanwhile, the caller does. */
  readonly started?: boolean;
  readonly patience?: Patience;
  /** The workers' program, a URL. */
  readonly program?: string;
}

/** Starts `recipe.threads - 1` workers over the same memories. */
export async function startTeam(
  engine: Engine,
  recipe: Recipe,
  memories: readonly WebAssembly.Memory[],
  units: number,
  options: CrewOptions = {},
): Promise<Team> {
  const { threads, shape } = recipe;
  const ring = new JobRing(threads, shape.lanes ?? 1, options.patience);
  const { control } = ring;
  const program = options.program ?? built('mixer/worker.js').href;
  const data: WorkerData = { recipe, memories, module: mixerModules.module, units };
  const supervisor = startSupervisor({ program, control, threads, data });
  const crew = new Crew(engine, ring, units, options.worthSharing, supervisor);
  try {
    if (options.started ?? !engine.flat) await allStarted(ring);
  } catch (error) {
    await crew.close();
    throw error;
  }
  return crew;
}

/** Resolves once all workers are ready. */
async function allStarted(ring: JobRing): Promise<void> {
  for (const begin = Date.now(); ring.starting;) {
    ring.check();
    if (Date.now() - begin > START_WITHIN)
      throw new Error(`mixer threads have not started in ${START_WITHIN} ms`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Whether a job that takes about `ns` in all is for all threads, if nothing is said about it. */
function worthSharing(ns: number, units: number, ring: JobRing): boolean {
  return ns >= WORTH_WAKING || (units >= WORTH_KEEPING && ring.awake);
}

class Crew implements Team {
  /** The caller's units of what is shared. */
  private readonly mine: Range;
  private readonly nothing: PerLane;
  /** The latest job that `join` has to wait for. */
  private shared = 0;

  constructor(
    private readonly engine: Engine,
    private readonly ring: JobRing,
    private readonly units: number,
    private readonly worth: number | undefined,
    private readonly supervisor: Worker,
  ) {
    this.mine = share(units, ring.threads, 0);
    this.nothing = new Int32Array(ring.lanes);
  }

  prepare(from: number, to: number): void {
    const { engine, ring, nothing } = this;
    if (ring.starting) engine.prepareUnits?.(from, from, to);
    else {
      const job = ring.post({ kind: 'prepare', begin: nothing.map(() => from), end: nothing.map(() => to) });
      const own = share(to - from, ring.threads, 0);
      engine.prepareUnits?.(from, from + own.from, from + own.to);
      ring.waitFor(job);
    }
  }

  touchAhead(known: number): void {
    const { engine, ring, nothing } = this;
    if (ring.starting) engine.touch?.ahead(known);
    else if (known % TOUCHED === 0) {
      ring.post({ kind: 'touch', begin: nothing.map(() => known), end: nothing.map(() => known + TOUCHED) });
    }
  }

  step(positions: PerLane): void {
    const { engine, ring, units, mine } = this;
    this.join();
    ring.check();
    if (!this.shares(engine.stepCost(positions))) engine.step(positions, 0, units, 0);
    else {
      this.shared = ring.post({ kind: 'step', begin: positions, end: positions });
      engine.step(positions, mine.from, mine.to, 0);
    }
  }

  sums(positions: PerLane): void {
    const { engine, ring, units, mine } = this;
    this.join();
    ring.check();
    if (!this.shares(engine.sumsCost(positions))) engine.sums(positions, 0, units);
    else {
      this.shared = ring.post({ kind: 'sums', begin: positions, end: positions });
      engine.sums(positions, mine.from, mine.to);
    }
  }

  join(): void {
    this.ring.waitFor(this.shared);
  }

  defer(begin: PerLane, end: PerLane): number {
    const { engine, ring, units } = this;
    if (!ring.starting) return ring.post({ kind: 'deferred', begin, end });
    ring.check();
    // Tiles whole: whoever goes on with these later does not know of any under way.
    engine.deferred?.whole(begin, end, 0, units, 0);
    return ring.latest;
  }

  grow(first: number, end: number): number {
    const { ring, nothing } = this;
    return ring.post({ kind: 'grow', begin: nothing.map(() => first), end: nothing.map(() => end) });
  }

  wait(job = this.ring.latest): void {
    this.ring.waitFor(job);
  }

  forget(): void {
    const { engine, ring, nothing } = this;
    // Who has not started has nothing under way.
    if (engine.deferred && !ring.starting) ring.post({ kind: 'forget', begin: nothing, end: nothing });
  }

  get defersInline(): boolean {
    return this.ring.starting;
  }

  async close(): Promise<void> {
    this.ring.end();
    await this.supervisor.terminate();
  }

  /** Whether a job of so many ns per unit is shared. */
  private shares(ns: number): boolean {
    const { engine, ring, units, worth } = this;
    if (engine.flat) return false;
    return worth === undefined ? worthSharing(ns * units, units, ring) : ns * units >= worth;
  }
}

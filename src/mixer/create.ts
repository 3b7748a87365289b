import type { MixerName, MixerShape } from './shape.js';
import { OnlineMixer } from './online.js';
import type { Mixer } from './mixer.js';
import { fitsPages, layoutConvolution, pageBytes, pagesFor } from './memory/layout.js';
import { openEngine, type EngineData, type KernelsName } from './engine/build.js';
import { checkPlan } from './plan/check.js';
import type { Plan } from './plan/plan.js';
import { plansFor } from './plan/planner.js';
import { soloTeam, startTeam } from './thread/team.js';

/** What `createMixer` takes. */
export interface MixerOptions {
  readonly name: MixerName;
  readonly shape: MixerShape;
  /** Threads that share the work, the caller's included. Default 1. */
  readonly threads?: number;
  /** How the tiles are computed; of several plans, the first that fits. Default: `plansFor`, the fastest by the built-in costs first. */
  readonly plan?: Plan | readonly Plan[];
  /** Bytes of array memory the mixer may hold. Default: any. */
  readonly memory?: number;
  /** The SIMD kernels (default), or their slow and readable twin. */
  readonly kernels?: KernelsName;
}

/**
 * Hooks for tests: memory from elsewhere, threads that are there from the start, and sharing of even the smallest jobs.
 *
 * @internal
 */
export interface MixerInternals {
  /** Makes a convolution's memory. Its contents may be anything. */
  readonly allocate: (pages: number) => WebAssembly.Memory;
  /** Whether what it makes holds nothing but zeros. */
  readonly zeroed?: boolean;
  /** Jobs worth this many ns are shared among the threads. */
  readonly worthSharing?: number;
  /** Waits until all threads have started, so that they have a part in the shortest run. */
  readonly started?: boolean;
}

/**
 * Memory from the system, jobs shared when that pays.
 *
 * @internal
 */
export const PROCESS_MEMORY: MixerInternals = { allocate: sharedMemory, zeroed: true };

/** The most threads that make sense to ask for. */
const MAXIMUM_THREADS = 256;

/**
 * Bytes of array memory a mixer will hold, all convolutions together, without allocating any of it. Throws a RangeError
 * with the figures if a convolution does not fit one WebAssembly memory (4 GiB).
 */
export function bytesNeeded(shape: MixerShape, name: MixerName, plan?: Plan, threads = 1): number {
  const fitting = plan ?? fittingPlan({ name, shape, threads });
  return shape.convolutions * pageBytes(convolutionPages(shape, name, fitting, threads));
}

/** Makes a mixer: allocates its memory, one WebAssembly memory per convolution, and starts its threads. */
export function createMixer(options: MixerOptions): Promise<Mixer> {
  return createMixerOn(options, PROCESS_MEMORY);
}

/**
 * `createMixer` with its internals open.
 *
 * @internal
 */
export async function createMixerOn(options: MixerOptions, internals: MixerInternals): Promise<OnlineMixer> {
  const { name, shape, threads = 1, kernels = 'wasm' } = options;
  checkOptions(options);
  checkShape(shape);
  const plan = fittingPlan(options);
  const pages = convolutionPages(shape, name, plan, threads);
  const memories: WebAssembly.Memory[] = [];
  for (let convolution = 0; convolution < shape.convolutions; convolution++) {
    try {
      memories.push(internals.allocate(pages));
    } catch (cause) {
      const mib = (pageBytes(pages) / 2 ** 20).toFixed(0);
      throw new RangeError(
        `no memory for convolution ${convolution + 1} of ${shape.convolutions}: each convolution of this mixer needs ${mib} MiB`,
        { cause },
      );
    }
  }
  const data: EngineData = { name, shape, plan, threads, kernels, memories };
  const opened = openEngine(data);
  const { engine } = opened;
  const units = shape.convolutions * opened.convolutions[0].layout.groups;
  // Steps that are flat are not shared: without far tiles, there is nothing for others to do.
  const solo = threads === 1 || (engine.flat && engine.deferred === undefined);
  const team = solo ? soloTeam(engine, units) : await startTeam(engine, data, units, threads, internals);
  return new OnlineMixer(
    shape,
    plan,
    shape.convolutions * pageBytes(pages),
    opened,
    team,
    internals.zeroed === true,
  );
}

/** The plan that `createMixer` will take. Throws a RangeError with the figures if none fits the memory. */
export function fittingPlan({ name, shape, threads = 1, plan, memory = Infinity }: MixerOptions): Plan {
  checkShape(shape);
  if (!(memory > 0)) throw new RangeError(`memory: expected a number of bytes above 0, got ${memory}`);
  const { length } = shape;
  const given = plan ?? plansFor(length);
  const candidates = 'levels' in given ? [given] : given;
  let least = Infinity;
  for (const candidate of candidates) {
    checkPlan(candidate, length);
    const { bytes } = layoutConvolution(name, shape, candidate, threads);
    const total = shape.convolutions * pageBytes(Math.ceil(bytes / pageBytes(1)));
    if (total <= memory && fitsPages({ bytes })) return candidate;
    least = Math.min(least, total);
  }
  // Whoever lays it out says what is too much for a single memory.
  if (memory === Infinity) return candidates[candidates.length - 1];
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  throw new RangeError(
    `a ${name} mixer of ${shape.convolutions} x ${shape.width} channels and ${length} positions needs ` +
      `${candidates.length > 1 ? 'at least ' : ''}${least} bytes (${gib(least)}), more than the ${memory} bytes (${gib(memory)}) allowed`,
  );
}

function convolutionPages(shape: MixerShape, name: MixerName, plan: Plan, threads: number): number {
  checkShape(shape);
  checkPlan(plan, shape.length);
  const { width, length } = shape;
  return pagesFor(
    layoutConvolution(name, shape, plan, threads),
    `a ${name} mixer's convolution of ${width} channels and ${length} positions`,
  );
}

/** Memory that all threads of the process can see. It comes zeroed. */
function sharedMemory(pages: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

function checkOptions({ name, threads = 1, kernels = 'wasm' }: MixerOptions): void {
  if (name !== 'lazy' && name !== 'eager' && name !== 'tiled')
    throw new RangeError(`unknown mixer ${String(name)}`);
  if (kernels !== 'wasm' && kernels !== 'reference')
    throw new RangeError(`unknown kernels ${String(kernels)}`);
  checkWhole('threads', threads, MAXIMUM_THREADS);
}

function checkShape({ convolutions, width, length, lanes = 1 }: MixerShape): void {
  checkWhole('convolutions', convolutions, 2 ** 16);
  checkWhole('lanes', lanes, 2 ** 12);
  checkWhole('width', width, 2 ** 24);
  // Beyond, a single channel group would not fit a memory; and positions stay small integers.
  checkWhole('length', length, 2 ** 26);
}

function checkWhole(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new RangeError(`${what}: expected a whole number from 1 to ${most}, got ${value}`);
  }
}

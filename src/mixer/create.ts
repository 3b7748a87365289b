import { fitsPages, pageBytes, pagesFor, sharedMemory } from '../webassembly/index.js';
import { implicitBytes, KERNELS, type KernelsName, KINDS, openEngine, type Recipe } from './engine/index.js';
import { type BankLayout, dealBanks, type Spec } from './memory/index.js';
import { dataDependentLaneBytes, DataDependentMixer } from './data-dependent.js';
import { IdleMixer } from './idle.js';
import type { Mixer } from './mixer.js';
import { OnlineMixer } from './online.js';
import { checkPlan, type Plan, plansForFilter } from './plan/index.js';
import { type ImplicitShape, MIXERS, type MixerName, type MixerShape } from './shape.js';
import { type CrewOptions, soloTeam, startTeam } from './thread/index.js';

/** What `createMixer` takes. */
export interface MixerOptions {
  readonly name: MixerName;
  readonly shape: MixerShape;
  /** Threads that share the work, the caller's included. Default 1. */
  readonly threads?: number;
  /**
   * How the tiles are computed; of several plans, the first that fits. Default: `plansForFilter`, the fastest by the built-in
   * costs first.
   */
  readonly plan?: Plan | readonly Plan[];
  /** Bytes of array memory the mixer may hold. Default: any. */
  readonly memory?: number;
  /** Filters that are to be evaluated in its memory: see `Mixer.filters`. */
  readonly implicit?: ImplicitShape | undefined;
  /** The SIMD kernels (default), those without relaxed operations, or the slow and readable reference. */
  readonly kernels?: KernelsName;
}

/**
 * Hooks for tests: memory from elsewhere, and how the threads work together.
 *
 * @internal
 */
export interface MixerInternals extends CrewOptions {
  /** Makes a bank's memory. Its contents may be anything. */
  readonly allocate: (pages: number) => WebAssembly.Memory;
  /** Whether what it makes holds nothing but zeros. */
  readonly untouched?: boolean;
}

/** Memory from the system. */
const FROM_SYSTEM: MixerInternals = { allocate: sharedMemory, untouched: true };

/** The most threads that make sense to ask for. */
const MAXIMUM_THREADS = 256;

/**
 * Chooses the plan and lays out a mixer's memories, without allocating any of it. Throws a RangeError with the figures if
 * none of the plans fits the memory allowed, or if a single convolution does not fit one WebAssembly memory (4 GiB).
 */
export function fit({
  name,
  shape,
  threads = 1,
  plan,
  memory = Infinity,
  implicit,
  kernels = 'wasm',
}: MixerOptions): Recipe {
  if (!MIXERS.includes(name)) throw new RangeError(`unknown mixer ${String(name)}`);
  if (!Object.hasOwn(KERNELS, kernels)) throw new RangeError(`unknown kernels ${String(kernels)}`);
  checkWhole('threads', threads, MAXIMUM_THREADS);
  checkShape(shape);
  if (!(memory > 0)) throw new RangeError(`memory: expected a number of bytes above 0, got ${memory}`);
  if (shape.filter?.kind === 'data-dependent') return fitDataDependent(name, shape, threads, memory);
  const { convolutions, width, length } = shape;
  const given = plan ?? plansForFilter(length, shape.filter ?? { kind: 'long' });
  const candidates = 'levels' in given ? [given] : given;
  let recipe: Recipe | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    recipe = layOut(name, { shape, plan: candidate, threads }, kernels, implicit);
    if (recipe.bytes <= memory && recipe.banks.every(fitsPages)) return recipe;
    least = Math.min(least, recipe.bytes);
  }
  if (recipe === undefined) throw new RangeError('no plan is given');
  // Says what is too much for a single memory.
  for (const bank of recipe.banks) {
    if (memory === Infinity)
      pagesFor(bank, `a ${name} mixer's convolution of ${width} channels and ${length} positions`);
  }
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  throw new RangeError(
    `a ${name} mixer of ${convolutions} x ${width} channels and ${length} positions needs ` +
      `${candidates.length > 1 ? 'at least ' : ''}${least} bytes (${gib(least)}), more than the ${memory} bytes (${gib(memory)}) allowed`,
  );
}

/** There is one plan, which the lazy mixer does without. */
function fitDataDependent(name: MixerName, shape: MixerShape, threads: number, memory: number): Recipe {
  const { convolutions, width, length, lanes = 1, filter } = shape;
  if (convolutions % 2 > 0)
    throw new RangeError(`${convolutions} convolutions are not pairs of inputs and taps`);
  const [plan] = plansForFilter(length, filter!);
  const bytes = lanes * dataDependentLaneBytes(name, (convolutions / 2) * width, length);
  if (bytes > memory)
    throw new RangeError(
      `a mixer of data-dependent filters needs ${bytes} bytes, more than the ${memory} allowed`,
    );
  return { name, shape, plan, threads, kernels: 'wasm', banks: [], bytes };
}

function layOut(name: MixerName, spec: Spec, kernels: KernelsName, implicit?: ImplicitShape): Recipe {
  const { shape, plan } = spec;
  checkPlan(plan, shape.length, shape.filter);
  // Those of the main thread, and of the one that evaluates taps for it.
  const own = implicit ? implicitBytes(implicit, 2) : 0;
  const banks = dealBanks<BankLayout>(shape, (first, units) => {
    const layout = KINDS[name].layout(spec, first, units);
    return first === 0 ? { ...layout, bytes: layout.bytes + own } : layout;
  });
  const bytes = banks.reduce((sum, bank) => sum + pageBytes(bank.bytes), 0);
  const filters = implicit && banks.length > 0 && { shape: implicit, at: banks[0].bytes - own };
  return { name, ...spec, kernels, banks, bytes, ...(filters && { implicit: filters }) };
}

/**
 * Allocates what a recipe lays out, and starts its threads. Throws a RangeError if the process cannot have so much address
 * space.
 */
export async function build(recipe: Recipe): Promise<Mixer> {
  if (recipe.shape.filter?.kind === 'data-dependent') return new DataDependentMixer(recipe);
  return recipe.banks.length === 0 ? new IdleMixer(recipe) : await buildOn(recipe);
}

/**
 * `build` with its internals open.
 *
 * @internal
 */
export async function buildOn(recipe: Recipe, internals = FROM_SYSTEM): Promise<OnlineMixer> {
  const memories = recipe.banks.map((bank) => internals.allocate(pagesFor(bank, 'a mixer')));
  const opened = openEngine(recipe, memories);
  const { engine, banks } = opened;
  const units = banks.reduce((sum, { layout }) => sum + layout.units, 0);
  const untouched = internals.untouched === true;
  engine.prepare(untouched);
  // Steps that are flat are not shared: without far tiles, there is nothing for others to do.
  const solo = recipe.threads === 1 || (engine.flat && engine.deferred === undefined);
  const team = solo ? soloTeam(engine, units) : await startTeam(engine, recipe, memories, units, internals);
  return new OnlineMixer(recipe, opened, team, untouched);
}

/** Fits and builds a mixer. */
export async function createMixer(options: MixerOptions): Promise<Mixer> {
  return await build(fit(options));
}

function checkShape({ convolutions, width, length, lanes = 1, filter }: MixerShape): void {
  if (filter?.kind === 'window') checkWhole('taps of a window', filter.taps, 2 ** 26);
  if (filter?.kind === 'modal') checkWhole('modes', filter.modes, 2 ** 16);
  checkWhole('convolutions', convolutions, 2 ** 16, 0);
  checkWhole('lanes', lanes, 2 ** 12);
  checkWhole('width', width, 2 ** 24);
  // Beyond, a single channel group would not fit a memory; and positions stay small integers.
  checkWhole('length', length, 2 ** 26);
}

function checkWhole(what: string, value: number, most: number, least = 1): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${what}: expected a whole number from ${least} to ${most}, got ${value}`);
  }
}

/** A worker thread: waits for jobs and does its share of each until it is told to end. */
import { workerData } from 'node:worker_threads';
import { openEngine, type Recipe } from '../engine/index.js';
import { SPIN, type Started } from '../../webassembly/index.js';
import { mixerModules } from '../kernel/index.js';
import { JobRing, share, shareOf } from './job-ring.js';

/** What workers are started with: everything but the shared arrays is plain data. */
export interface WorkerData {
  readonly recipe: Recipe;
  /** One per bank. */
  readonly memories: readonly WebAssembly.Memory[];
  /** The kernels, compiled. */
  readonly module: WebAssembly.Module;
  readonly units: number;
}

const { recipe, memories, module, units, control, threads, thread } = workerData as WorkerData & Started;
const ring = new JobRing(threads, recipe.shape.lanes ?? 1, undefined, control);

mixerModules.adopt(module);
const { engine, growing } = openEngine(recipe, memories, thread);
// Deferred tiles have time, and where a model is at work in between their jobs are far apart. But where it is not, waking takes
// longer than the job.
const spin = engine.flat ? SPIN / 4 : SPIN;
ring.done(thread, 0);
for (let done = 0; ;) {
  const job = ring.next(thread, done, spin);
  if (job === null) break;
  const { kind, begin, end } = job;
  const { from, to } = shareOf(kind, units, threads, thread);
  if (kind === 'step') engine.step(end, from, to, thread);
  else if (kind === 'sums') engine.sums(end, from, to);
  else if (kind === 'forget') engine.deferred?.forget();
  else if (kind === 'prepare') {
    const own = share(end[0] - begin[0], threads, thread);
    engine.prepareUnits?.(begin[0], begin[0] + own.from, begin[0] + own.to);
  } else if (kind === 'touch') {
    for (let known = begin[0] + 1; known <= end[0] && thread === 1; known++) engine.touch?.ahead(known);
  } else if (kind === 'grow') {
    const [first, last] = [begin[0], end[0]];
    const parts = thread === 1 && growing !== undefined ? growing.parts(first, last) : 0;
    for (let k = 0; k < parts; k++) growing!.part(k, first, last);
  } else engine.deferred?.piecewise(begin, end, from, to, thread);
  ring.done(thread, ++done);
}

import { GraphBuilder } from '../onnx/index.js';
import { type CudaParts, explainCuda, findCuda, installCommand } from './cuda.js';
import { loadRuntime } from './session.js';

/** What there is to compute with, and what `auto` takes. */
export interface Devices {
  /** ONNX Runtime's version. */
  readonly runtime: string;
  readonly cuda: CudaParts & {
    /** Whether a graph loads on it. */
    readonly works: boolean;
    /** Fetches what it takes besides a driver. */
    readonly install: string;
  };
  readonly chosen: 'cpu' | 'cuda';
  readonly reason: string;
}

/** Finds out by trying: nothing else tells. */
export async function findDevices(): Promise<Devices> {
  const parts = findCuda();
  const problem = parts.problem ?? (await tryCuda());
  const works = problem === undefined;
  const { version } = parts;
  return {
    runtime: version,
    cuda: { ...parts, ...(problem !== undefined && { problem }), works, install: installCommand(version) },
    chosen: works ? 'cuda' : 'cpu',
    reason: problem ?? 'CUDA works',
  };
}

/** Why a graph of one node does not load on CUDA; undefined where it does. */
async function tryCuda(): Promise<string | undefined> {
  const { InferenceSession } = await loadRuntime('cuda');
  const g = new GraphBuilder('probe', new Map());
  g.node('Add', [g.input('x', 'float32', [1]), g.scalar(1)], {}, 'y');
  g.output('y', 'float32', [1]);
  try {
    const session = await InferenceSession.create(g.encode(), {
      executionProviders: ['cuda'],
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (error) {
    return explainCuda(error);
  }
  return undefined;
}

import { GraphBuilder } from '../onnx/index.js';
import { type CudaParts, findCuda, installCommand } from './cuda.js';
import { explainFailure } from './device-error.js';
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
  readonly webgpu: {
    readonly works: boolean;
    readonly problem?: string;
  };
  readonly chosen: 'cpu' | 'cuda';
  readonly reason: string;
}

/** Finds out by trying: nothing else tells. */
export async function findDevices(): Promise<Devices> {
  const parts = findCuda();
  const problem = parts.problem ?? (await tryDevice('cuda'));
  const works = problem === undefined;
  const { version } = parts;
  const webgpu = await tryDevice('webgpu');
  return {
    runtime: version,
    cuda: { ...parts, ...(problem !== undefined && { problem }), works, install: installCommand(version) },
    webgpu: { works: webgpu === undefined, ...(webgpu !== undefined && { problem: webgpu }) },
    chosen: works ? 'cuda' : 'cpu',
    reason: problem ?? 'CUDA works',
  };
}

/** Why a graph of one node does not load on a device; undefined where it does. */
async function tryDevice(device: 'cuda' | 'webgpu'): Promise<string | undefined> {
  const { InferenceSession } = await loadRuntime(device);
  const g = new GraphBuilder('probe', new Map());
  g.node('Add', [g.input('x', 'float32', [1]), g.scalar(1)], {}, 'y');
  g.output('y', 'float32', [1]);
  try {
    const session = await InferenceSession.create(g.encode(), {
      executionProviders: [device],
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (error) {
    return explainFailure(error);
  }
  return undefined;
}

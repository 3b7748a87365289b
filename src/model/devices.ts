import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
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
  const problem = parts.problem ?? (await tryCuda());
  const works = problem === undefined;
  const { version } = parts;
  const webgpu = await tryWebGpu();
  return {
    runtime: version,
    cuda: { ...parts, ...(problem !== undefined && { problem }), works, install: installCommand(version) },
    webgpu: { works: webgpu === undefined, ...(webgpu !== undefined && { problem: webgpu }) },
    chosen: works ? 'cuda' : 'cpu',
    reason: problem ?? 'CUDA works',
  };
}

/** A graph of one node. */
function probe(): Uint8Array {
  const g = new GraphBuilder('probe', new Map());
  g.node('Add', [g.input('x', 'float32', [1]), g.scalar(1)], {}, 'y');
  g.output('y', 'float32', [1]);
  return g.encode();
}

/** Why a graph does not load on CUDA; undefined where it does. */
async function tryCuda(): Promise<string | undefined> {
  const { InferenceSession } = await loadRuntime('cuda');
  try {
    const session = await InferenceSession.create(probe(), {
      executionProviders: ['cuda'],
      logSeverityLevel: 4,
    });
    await session.release();
  } catch (error) {
    return explainFailure(error);
  }
  return undefined;
}

/** Prints why a graph does not load on WebGPU: nothing where it does. */
const WEBGPU_PROBE = `
  const [runtime, graph] = process.argv.slice(1);
  const { default: { InferenceSession } } = await import(runtime);
  const options = { executionProviders: ['webgpu'], logSeverityLevel: 4 };
  await InferenceSession.create(Buffer.from(graph, 'base64'), options).catch(({ message }) => console.log(message));`;

/** The same of WebGPU, in a process of its own: its library writes what it does not find to stderr. */
function tryWebGpu(): Promise<string | undefined> {
  const runtime = pathToFileURL(createRequire(import.meta.url).resolve('onnxruntime-node')).href;
  const graph = Buffer.from(probe()).toString('base64');
  const args = ['--input-type=module', '-e', WEBGPU_PROBE, runtime, graph];
  const env = { ...process.env, ORT_DISABLE_TELEMETRY: '1' };
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env }, (error, stdout) => {
      const message = stdout.trim() === '' ? error?.message : stdout.trim();
      resolve(message === undefined ? undefined : explainFailure(new Error(message)));
    });
  });
}

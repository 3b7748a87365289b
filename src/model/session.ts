/** ONNX Runtime sessions. It is loaded when the first session is, not when the program starts. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Weights } from '../bundle/index.js';
import { BundleError } from '../format/index.js';
import type { TensorTable } from '../onnx/index.js';
import { firstLine } from './run.js';
import type { Device, DeviceChoice } from './types.js';

export type Runtime = typeof import('onnxruntime-node');
export type Session = InferenceSession;
export type Feeds = Record<string, Tensor>;

export interface SessionSettings {
  readonly device: Device;
  readonly threads: number;
  /**
   * Copy weights into the layout the matrix kernels like best: twice as fast for single rows, and twice the
   * memory. Without it the weights stay in the mapped file.
   */
  readonly prepack: boolean;
  /**
   * Let threads wait for work by spinning. Waking them otherwise costs as much as they save on a single row;
   * but several sessions that spin take the cores from each other, and from mixing.
   */
  readonly spin: boolean;
}

/** ORT's severity "fatal": errors come as exceptions, and stderr belongs to the program. */
const FATAL = 4;

/** What CUDA needs: npm runs onnxruntime-node's install script in some versions only, node always. */
function cudaHelp(): string {
  return (
    "CUDA needs an NVIDIA driver, CUDA 13 and cuDNN 9, and ONNX Runtime's CUDA provider, which " +
    `\`ONNXRUNTIME_NODE_INSTALL=true node ${join(runtimeFolder(), 'script/install')}\` fetches (Linux, x64)`
  );
}

/**
 * Loads ONNX Runtime, silent and without its telemetry, which is on by default and read from the environment once, when
 * the library is loaded. In a worker thread `process.env` is a copy that native code does not see: a program that loads
 * models there sets ORT_DISABLE_TELEMETRY itself, or starts the worker with `SHARE_ENV`.
 */
export async function loadRuntime(): Promise<Runtime> {
  process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
  const runtime = await import('onnxruntime-node');
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/** A graph to load, and its weights. */
export interface Source {
  /** Names it in errors. */
  readonly label: string;
  readonly weights: Pick<Weights, 'directory' | 'file' | 'tensors' | 'read' | 'inFile'>;
  /** Makes the graph for a device, its weights where the table says. */
  readonly make: (table: TensorTable, device: Device) => Uint8Array;
}

/** Loads a graph. One that does not load is the bundle's fault. Throws BundleError. */
export async function createSession(
  runtime: Runtime,
  source: Source,
  settings: SessionSettings,
): Promise<Session> {
  try {
    return await create(runtime, source, settings);
  } catch (error) {
    const got = firstLine(error);
    throw new BundleError({ file: source.label, expected: 'a graph that loads', got }, { cause: error });
  }
}

/**
 * The session of the step graph on the device asked for, and the device it got. `auto` takes CUDA where its
 * provider library is installed and works; there is no other way to know than to try.
 */
export async function createOnDevice(
  runtime: Runtime,
  source: Source,
  choice: DeviceChoice,
  settings: Omit<SessionSettings, 'device'>,
): Promise<{ session: Session; device: Device }> {
  if (choice === 'cuda' || (choice === 'auto' && hasCuda())) {
    // CUDA would multiply in TF32, ten bits of fraction; this is how its libraries are told to keep float32.
    process.env.NVIDIA_TF32_OVERRIDE ??= '0';
    try {
      return { session: await create(runtime, source, { ...settings, device: 'cuda' }), device: 'cuda' };
    } catch (error) {
      if (choice === 'cuda') throw new Error(`${cudaHelp()} (${firstLine(error)})`, { cause: error });
    }
  }
  return { session: await createSession(runtime, source, { ...settings, device: 'cpu' }), device: 'cpu' };
}

/**
 * Large weights are mapped from their file as long as it is the one that was checked. All others are given as bytes, which
 * ONNX Runtime copies.
 */
async function create(
  runtime: Runtime,
  { weights, make }: Source,
  settings: SessionSettings,
): Promise<Session> {
  const { InferenceSession } = runtime;
  const { directory } = weights;
  if (directory !== undefined) {
    const graph = make(weights.inFile(basename(weights.file)), settings.device);
    const created = InferenceSession.create(graph, options(settings, directory));
    // It may have been replaced while ONNX Runtime opened it: then the session is of no use, nor what went wrong.
    const session = await created.catch((error: unknown) => {
      if (weights.directory !== undefined) throw error;
    });
    if (session !== undefined && weights.directory !== undefined) return session;
    await session?.release();
  }
  const externalData = new Map<string, Uint8Array>();
  const table: TensorTable = {
    has: (name) => weights.tensors.has(name),
    get: (name) => {
      const place = weights.tensors.get(name);
      if (place !== undefined && !externalData.has(name)) externalData.set(name, weights.read(name));
      return place && { ...place, file: name, offset: 0 };
    },
  };
  const graph = make(table, settings.device);
  return await InferenceSession.create(graph, {
    ...options(settings),
    externalData: Array.from(externalData, ([path, data]) => ({ path, data })),
  });
}

/** @param directory of the file that the weights are mapped from */
function options(
  { device, threads, prepack, spin }: SessionSettings,
  directory?: string,
): InferenceSession.SessionOptions {
  return {
    executionProviders: [device],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: FATAL,
    extra: {
      session: {
        disable_prepacking: prepack ? '0' : '1',
        ...(directory !== undefined && { model_external_initializers_file_folder_path: directory }),
        intra_op: { allow_spinning: spin ? '1' : '0' },
      },
    },
  };
}

/** Whether the CUDA provider lies beside ONNX Runtime's binding. */
function hasCuda(): boolean {
  const binaries = join(runtimeFolder(), 'bin', 'napi-v6', process.platform, process.arch);
  return existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'));
}

/** Where onnxruntime-node is installed. */
function runtimeFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('onnxruntime-node')), '..');
}

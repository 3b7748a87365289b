/** ONNX Runtime sessions. It is loaded when the first session is, not when the program starts. */
import { basename } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Weights } from '../bundle/index.js';
import { BundleError } from '../format/index.js';
import type { TensorTable } from '../onnx/index.js';
import { findCuda } from './cuda.js';
import { DeviceError, explainFailure } from './device-error.js';
import { firstLine, type Graph } from './run.js';
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

let loaded: Runtime | undefined;

/**
 * Loads ONNX Runtime, silent and without its telemetry, which is on by default and read from the environment once, when
 * the library is loaded. In a worker thread `process.env` is a copy that native code does not see: a program that loads
 * models there sets ORT_DISABLE_TELEMETRY itself, or starts the worker with `SHARE_ENV`.
 *
 * @param device of `cuda`, with its libraries, where they are; see `findCuda`
 */
export async function loadRuntime(device: Device = 'cpu'): Promise<Runtime> {
  if (device === 'cuda') findCuda();
  if (loaded === undefined) {
    process.env['ORT_DISABLE_TELEMETRY'] ??= '1';
    loaded = await import('onnxruntime-node');
    loaded.env.logLevel = 'fatal';
  }
  return loaded;
}

/** A graph to load, and its weights. */
export interface Source {
  /** Names it in errors. */
  readonly label: string;
  readonly weights: Pick<Weights, 'directory' | 'file' | 'tensors' | 'read' | 'inFile'>;
  /** Makes the graph for a device, its weights where the table says. */
  readonly make: (table: TensorTable, device: Device) => Uint8Array;
}

/** See `loadGraph`. */
async function createSession(runtime: Runtime, source: Source, settings: SessionSettings): Promise<Session> {
  try {
    return await create(runtime, source, settings);
  } catch (error) {
    if (settings.device !== 'cpu') throw new DeviceError(explainFailure(error), { cause: error });
    const got = firstLine(error);
    throw new BundleError({ file: source.label, expected: 'a graph that loads', got }, { cause: error });
  }
}

/** The device that a model's step gets: with a graph on one other than the CPU; and why it is not the one that `auto` would rather have. */
export interface Chosen {
  readonly device: Device;
  readonly graph?: Graph;
  readonly fallback?: string | undefined;
}

/**
 * Chooses a device, and loads the step graph there unless it is the CPU. `auto` takes CUDA where its provider is installed and
 * works; there is no other way to know than to try. Throws a DeviceError where a device is asked for and does not work.
 */
export async function chooseDevice(
  choice: DeviceChoice,
  source: Source,
  settings: Omit<SessionSettings, 'device'>,
): Promise<Chosen> {
  if (choice === 'cpu') return { device: 'cpu' };
  if (choice === 'webgpu') {
    return { device: choice, graph: await loadGraph(source, { ...settings, device: choice }) };
  }
  const { problem, provider } = findCuda();
  if (problem !== undefined) {
    if (choice === 'cuda') throw new DeviceError(problem);
    // Where there is no provider, nobody wants CUDA.
    return { device: 'cpu', fallback: provider && problem };
  }
  // CUDA would multiply in TF32, ten bits of fraction; this is how its libraries are told to keep float32.
  process.env.NVIDIA_TF32_OVERRIDE ??= '0';
  try {
    return { device: 'cuda', graph: await loadGraph(source, { ...settings, device: 'cuda' }) };
  } catch (error) {
    if (choice === 'cuda') throw error;
    return { device: 'cpu', fallback: (error as Error).message };
  }
}

/** Loads a graph. One that does not load on the CPU is the bundle's fault: throws BundleError; on a device, a DeviceError. */
export async function loadGraph(source: Source, settings: SessionSettings): Promise<Graph> {
  const { device } = settings;
  const runtime = await loadRuntime(device);
  return { label: source.label, runtime, session: await createSession(runtime, source, settings), device };
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

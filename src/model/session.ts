/** ONNX Runtime sessions. It is loaded when the first session is, not when the program starts. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { BundleError } from '../format/errors.js';
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

const CUDA_HELP =
  'CUDA needs an NVIDIA driver, CUDA 13 and cuDNN 9, and the CUDA build of ONNX Runtime, which ' +
  '`ONNXRUNTIME_NODE_INSTALL=true npm rebuild onnxruntime-node` fetches';

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

/** Loads a graph. A graph that does not load is the file's fault. Throws BundleError. */
export async function createSession(
  runtime: Runtime,
  file: string,
  settings: SessionSettings,
): Promise<Session> {
  try {
    return await runtime.InferenceSession.create(file, options(settings));
  } catch (error) {
    throw new BundleError({ file, expected: 'a graph that loads', got: String(error) }, { cause: error });
  }
}

/**
 * The session of the step graph on the device asked for, and the device it got. `auto` takes CUDA where its
 * provider library is installed and works; there is no other way to know than to try.
 */
export async function createOnDevice(
  runtime: Runtime,
  file: string,
  choice: DeviceChoice,
  settings: Omit<SessionSettings, 'device'>,
): Promise<{ session: Session; device: Device }> {
  if (choice === 'cuda' || (choice === 'auto' && hasCuda())) {
    // CUDA would multiply in TF32, ten bits of fraction; this is how its libraries are told to keep float32.
    process.env.NVIDIA_TF32_OVERRIDE ??= '0';
    try {
      const session = await runtime.InferenceSession.create(file, options({ ...settings, device: 'cuda' }));
      return { session, device: 'cuda' };
    } catch (error) {
      if (choice === 'cuda') throw new Error(`${CUDA_HELP} (${firstLine(error)})`, { cause: error });
    }
  }
  return { session: await createSession(runtime, file, { ...settings, device: 'cpu' }), device: 'cpu' };
}

function options({ device, threads, prepack, spin }: SessionSettings): InferenceSession.SessionOptions {
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
        intra_op: { allow_spinning: spin ? '1' : '0' },
      },
    },
  };
}

/** Whether the CUDA provider lies beside ONNX Runtime's binding. */
function hasCuda(): boolean {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const binaries = join(dirname(entry), '..', 'bin', 'napi-v6', process.platform, process.arch);
  return existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'));
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
}

/** Checks a tensor of a session against the config: `null` is a free size. Throws BundleError. */
export function checkTensor(
  file: string,
  metadata: readonly InferenceSession.ValueMetadata[],
  name: string,
  dims: readonly (number | null)[],
): void {
  const show = (shape: readonly (number | string | null)[]): string =>
    `[${shape.map((dim) => (typeof dim === 'number' ? dim : '?')).join(', ')}]`;
  const found = metadata.find((value) => value.name === name);
  const shape = found?.isTensor === true ? found.shape : undefined;
  if (shape === undefined || show(shape) !== show(dims)) {
    const got = shape === undefined ? 'no such tensor' : show(shape);
    throw new BundleError({ file, field: name, expected: show(dims), got });
  }
}

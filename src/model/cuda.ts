/**
 * ONNX Runtime's CUDA provider: where it is, what it needs, and what is wrong where it does not work, in a line.
 *
 * It comes with PyPI's `onnxruntime-gpu` of the version that onnxruntime-node has, and CUDA's libraries with NVIDIA's wheels,
 * all unpacked in one folder: the user's own, which nothing else reads. What lies there is loaded before onnxruntime-node is: that
 * then takes this ONNX Runtime for its own, which finds the provider beside it. Neither it nor the environment is changed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

const PROVIDER = 'libonnxruntime_providers_cuda.so';
/** What the provider is linked with, in an order in which each finds those before it; the driver's own comes last. */
const LIBRARIES = ['libcudart.so.13', 'libcublasLt.so.13', 'libcublas.so.13', 'libcurand.so.10'] as const;
const DRIVER = 'libcuda.so.1';
/** The first driver that knows CUDA 13. */
const DRIVER_VERSION = 580;

/** Keeps a library that Node does not know what to do with; of Linux, and not among Node's constants. */
const RTLD_NODELETE = 0x1000;

/** What fetches all of it into a folder. */
export const installCommand = (version: string): string =>
  'pip install --no-deps --only-binary=:all: --python-version 3.12 --platform manylinux_2_28_x86_64 ' +
  '--platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 --platform manylinux2014_x86_64 ' +
  `--target ${defaultFolder()} onnxruntime-gpu==${version} 'nvidia-cublas~=13.0' 'nvidia-curand~=10.4' ` +
  "'nvidia-cuda-runtime~=13.0'";

/** What of CUDA is on this machine. */
export interface CudaParts {
  /** ONNX Runtime's version, of which the provider has to be. */
  readonly version: string;
  /** Folders that were looked through. */
  readonly folders: readonly string[];
  /** The provider's file, where one was found. */
  readonly provider?: string;
  /** Of the folder the provider was found in: the ONNX Runtime beside it. */
  readonly runtime?: string;
  /** Libraries found in the folders, by name; the system may have others. */
  readonly libraries: ReadonlyMap<string, string>;
  /** Why it cannot be loaded, and what to do; undefined where it can. */
  readonly problem?: string;
}

/** `FLASHINF_CUDA`, folders with colons between; by default `flashinf/cuda` in the user's cache. */
export function cudaFolders(): string[] {
  const given = process.env['FLASHINF_CUDA'];
  return given ? given.split(delimiter).filter((folder) => folder !== '') : [defaultFolder()];
}

function defaultFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'flashinf', 'cuda');
}

/** Looks for the provider and what it is linked with. Loads what it finds, if it can be loaded: once for all. */
export function findCuda(): CudaParts {
  found ??= look();
  return found;
}

let found: CudaParts | undefined;

function look(): CudaParts {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const packaged = join(dirname(entry), '..');
  const { version } = JSON.parse(readFileSync(join(packaged, 'package.json'), 'utf8')) as { version: string };
  const folders = cudaFolders();
  const libraries = new Map(
    LIBRARIES.flatMap((name) => {
      const file = libraryFolders(folders)
        .map((folder) => join(folder, name))
        .find((path) => existsSync(path));
      return file === undefined ? [] : [[name, file] as const];
    }),
  );
  const parts = { version, folders, libraries };
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { ...parts, problem: 'CUDA needs Linux on x64' };
  }
  const beside = join(packaged, 'bin', 'napi-v6', process.platform, process.arch, PROVIDER);
  const capi = folders
    .map((folder) => join(folder, 'onnxruntime', 'capi'))
    .find((folder) => existsSync(join(folder, PROVIDER)));
  if (capi === undefined && !existsSync(beside)) {
    const problem = `no CUDA provider of ONNX Runtime in ${folders.join(', ')}: \`flashinf devices\` says how to get one`;
    return { ...parts, problem };
  }
  const provider = capi === undefined ? beside : join(capi, PROVIDER);
  let runtime: string | undefined;
  if (capi !== undefined) {
    const there = readdirSync(capi).filter((name) => /^libonnxruntime\.so\.\d+\.\d+\.\d+$/.test(name));
    runtime = there.find((name) => name.endsWith(`.so.${version}`));
    if (runtime === undefined) {
      const other = there.map((name) => name.replace('libonnxruntime.so.', '')).join(', ') || 'none';
      const problem = `the CUDA provider in ${capi} is of ONNX Runtime ${other}, not ${version}: install onnxruntime-gpu==${version} there`;
      return { ...parts, provider, problem };
    }
    runtime = join(capi, runtime);
  }
  const known = { ...parts, provider, ...(runtime !== undefined && { runtime }) };
  for (const file of [...libraries.values(), ...(runtime === undefined ? [] : [runtime])]) {
    const problem = keep(file);
    if (problem !== undefined) return { ...known, problem: explainLibrary(problem) };
  }
  const problem = tryProvider(provider);
  return { ...known, ...(problem !== undefined && { problem }) };
}

/** Where wheels put libraries: CUDA 13's share a folder, those before had one each. */
function libraryFolders(folders: readonly string[]): string[] {
  return folders.flatMap((folder) => {
    const nvidia = join(folder, 'nvidia');
    const inside = existsSync(nvidia) ? readdirSync(nvidia).map((name) => join(nvidia, name, 'lib')) : [];
    return [folder, ...inside];
  });
}

/** Loads a library for all that are loaded later. Returns why it cannot be. */
function keep(file: string): string | undefined {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, file, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (error) {
    const { message } = error as Error;
    // It is no module of Node's, and stays all the same.
    if (!/did not self-register/.test(message)) return message;
  }
  return undefined;
}

/** Whether all that the provider is linked with is found: it then lacks only what ONNX Runtime gives it. */
function tryProvider(provider: string): string | undefined {
  try {
    process.dlopen({ exports: {} }, provider, constants.dlopen.RTLD_NOW);
  } catch (error) {
    const { message } = error as Error;
    if (/Provider_GetHost|did not self-register/.test(message)) return undefined;
    return explainLibrary(message);
  }
  return undefined;
}

function explainLibrary(message: string): string {
  const [line] = message.split('\n', 1);
  const missing = /^([^:\s]+): cannot open shared object file/.exec(line)?.[1];
  if (missing === DRIVER)
    return `CUDA needs ${DRIVER} of an NVIDIA driver, ${DRIVER_VERSION} or later, which is not installed`;
  if (missing !== undefined) {
    return `CUDA needs ${missing}, which is in none of ${cudaFolders().join(', ')}: \`flashinf devices\` says how to get it`;
  }
  return `CUDA's libraries cannot be loaded: ${line}`;
}

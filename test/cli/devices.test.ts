/** CUDA as it is found, or not: each missing link by its name, with its remedy, and never as the bundle's fault. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { explainFailure } from '../../src/model/device-error.js';
import { hasCuda } from '../support/cuda.js';
import { byteModel } from '../support/models.js';
import { flashinf } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
const hasCompiler = ((): boolean => {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return process.platform === 'linux' && process.arch === 'x64';
  } catch {
    return false;
  }
})();

/** CUDA's provider itself, in a folder as pip fills it, where one is here. */
const provider = process.env['FLASHINF_TEST_CUDA'] ?? join(homedir(), '.cache', 'flashinf', 'cuda');
const hasProvider = existsSync(join(provider, 'onnxruntime', 'capi', 'libonnxruntime_providers_cuda.so'));

/** A shared library of that name, which wants others and a symbol, if it is to want one. */
function library(folder: string, name: string, wants: readonly string[] = [], symbol?: string): void {
  const body =
    symbol === undefined
      ? 'int nothing;'
      : `extern int ${symbol}(void); int call(void) { return ${symbol}(); }`;
  const links = wants.flatMap((other) => [`-l:${other}`]);
  compile(folder, name, body, [`-L${folder}`, '-Wl,--no-as-needed', ...links]);
}

function compile(folder: string, name: string, body: string, links: readonly string[] = []): void {
  const source = join(folder, 'library.c');
  writeFileSync(source, body);
  execFileSync('cc', ['-shared', '-fPIC', `-Wl,-soname,${name}`, '-o', join(folder, name), source, ...links]);
  rmSync(source);
}

/** A driver that says it is of a version of CUDA, and whose every other answer is a failure. Returns its folder. */
function driver(version: number, failure: number): string {
  const folder = temporaryDirectory();
  compile(
    folder,
    'libcuda.so.1',
    `#include <string.h>
    int cuInit(unsigned flags) { return ${failure}; }
    int cuDriverGetVersion(int *version) { *version = ${version}; return 0; }
    int cuGetProcAddress_v2(const char *name, void **function, int version, unsigned long flags, int *found) {
      *function = strcmp(name, "cuDriverGetVersion") ? (void *)cuInit : (void *)cuDriverGetVersion;
      if (!strncmp(name, "cuGetProcAddress", 16)) *function = (void *)cuGetProcAddress_v2;
      if (found) *found = 0;
      return 0;
    }
    int cuGetProcAddress(const char *name, void **function, int version, unsigned long flags) {
      return cuGetProcAddress_v2(name, function, version, flags, 0);
    }`,
  );
  return folder;
}

/** A folder as pip fills it: a provider that wants these libraries, of which some are taken away again. */
function wheels(options: { runtime?: string; without?: string } = {}): string {
  const folder = temporaryDirectory();
  const capi = join(folder, 'onnxruntime', 'capi');
  mkdirSync(capi, { recursive: true });
  const names = ['libcublasLt.so.13', 'libcuda.so.1'];
  for (const name of names) library(capi, name);
  library(capi, 'libonnxruntime_providers_cuda.so', names, 'Provider_GetHost');
  library(capi, `libonnxruntime.so.${options.runtime ?? version}`);
  const lib = join(folder, 'nvidia', 'cu13', 'lib');
  mkdirSync(lib, { recursive: true });
  for (const name of names) {
    rmSync(join(capi, name));
    if (name !== options.without) library(lib, name);
  }
  return folder;
}

async function asked(
  folder: string,
  device = 'cuda',
  env: Readonly<Record<string, string>> = {},
): Promise<{ code: number; stderr: string }> {
  const model = await byteModel();
  const args = ['generate', '-m', model, '-p', 'once', '-n', '2', '-s', '1', '--device', device, '--stats'];
  const { code, stderr } = await flashinf(args, { env: { ...env, FLASHINF_CUDA: folder } });
  return { code, stderr };
}

const LINE = (text: string): RegExp => new RegExp(`^error: [^\\n]*${text}[^\\n]*\\n$`);

(hasCuda() ? test.skip : test)(
  'no provider: said where it was looked for; auto takes the CPU without a word',
  async () => {
    const folder = temporaryDirectory();
    expect(await asked(folder)).toEqual({
      code: 1,
      stderr: expect.stringMatching(
        LINE(`no CUDA provider of ONNX Runtime in ${folder}: .flashinf devices. says`),
      ) as string,
    });
    const { code, stderr } = await asked(folder, 'auto');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/CUDA/) as string });
  },
);

(hasCompiler && !hasCuda() ? describe : describe.skip)('a folder of wheels', () => {
  test.each<[string, Parameters<typeof wheels>[0], string]>([
    ['without cuBLAS', { without: 'libcublasLt.so.13' }, 'CUDA needs libcublasLt.so.13, which is in none of'],
    [
      'without a driver',
      { without: 'libcuda.so.1' },
      'CUDA needs libcuda.so.1 of an NVIDIA driver, 580 or later',
    ],
    [
      'of another version',
      { runtime: '1.30.0' },
      `is of ONNX Runtime 1.30.0, not ${version}: install onnxruntime-gpu==${version}`,
    ],
  ])('%s', async (_, options, message) => {
    const folder = wheels(options);
    expect(await asked(folder)).toEqual({ code: 1, stderr: expect.stringMatching(LINE(message)) as string });
    const { code, stderr } = await asked(folder, 'auto');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`not CUDA: `) as string });
    const devices = await flashinf(['devices'], { env: { FLASHINF_CUDA: folder } });
    expect(devices.stdout.toString()).toMatch(new RegExp(`^cuda +no: [^\\n]*${message}`, 'm'));
  });
});

(hasCompiler && hasProvider ? describe : describe.skip)(
  `the provider itself on a driver that fails (FLASHINF_TEST_CUDA, ${provider})`,
  () => {
    test.each([
      [
        'of CUDA 12.4',
        12040,
        999,
        'driver is older than CUDA 13 needs: 580 or later[^\\n]*CUDA failure 35: CUDA driver version is insuff',
      ],
      [
        'without a GPU',
        13000,
        100,
        'the NVIDIA driver finds no GPU: [^\\n]*CUDA failure 100: no CUDA-capable',
      ],
      [
        'that its kernel module does not fit',
        13000,
        803,
        'of different versions: after an update, restart[^\\n]*CUDA failure 803: system has unsupported',
      ],
    ])('%s', async (_, version, failure, message) => {
      const env = { LD_LIBRARY_PATH: driver(version, failure) };
      expect(await asked(provider, 'cuda', env)).toEqual({
        code: 1,
        stderr: expect.stringMatching(LINE(message)) as string,
      });
      const { code, stderr } = await asked(provider, 'auto', env);
      expect(code).toBe(0);
      expect(stderr).toMatch(new RegExp(`^device +not CUDA: [^\\n]*${message}`, 'm'));
    });
  },
);

test.each([
  [
    '35: CUDA driver version is insufficient for CUDA runtime version',
    /driver is older than CUDA 13 needs: 580 or later/,
  ],
  ['100: no CUDA-capable device is detected', /the NVIDIA driver finds no GPU/],
  [
    '803: system has unsupported display driver / cuda driver combination',
    /different versions.*restart the machine/,
  ],
  ['2: out of memory', /not enough free memory/],
  ['999: unknown error', /^CUDA failure 999: unknown error$/],
])('CUDA failure %s', (failure, wanted) => {
  const message =
    `/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_call.cc:154 std::conditional_t<...> CUDA failure ${failure} ; ` +
    'GPU=-1 ; hostname=h ; file=cuda_execution_provider.cc ; line=345 ; expr=cudaSetDevice(info_.device_id);';
  const explained = explainFailure(new Error(message));
  expect(explained).toMatch(wanted);
  expect(explained).toContain(`CUDA failure ${failure}`);
  expect(explained).not.toMatch(/onnxruntime_src|hostname|\n/);
});

describe('webgpu', () => {
  test('without a driver: said in a line, and exit 1', async () => {
    const none = { VK_DRIVER_FILES: '/nothing', VK_ICD_FILENAMES: '/nothing' };
    const args = ['generate', '-m', await byteModel(), '-p', 'once', '-n', '2', '--device', 'webgpu'];
    const { code, stdout, stderr } = await flashinf(args, { env: none });
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 1, stdout: '' });
    // The WebGPU library has its own say before.
    expect(stderr).toMatch(/^error: WebGPU finds no GPU: [^\n]*Vulkan driver[^\n]*\n$/m);
    expect(stderr).not.toMatch(/bundle|onnxruntime_src/);
  });

  test('with one: the text of the CPU', async () => {
    const devices = await flashinf(['devices', '--json']);
    const { webgpu } = JSON.parse(devices.stdout.toString()) as { webgpu: { works: boolean } };
    if (!webgpu.works) {
      console.log('there is no Vulkan driver here: not run');
      return;
    }
    const args = [
      'generate',
      '-m',
      await byteModel(),
      '-p',
      'once',
      '-n',
      '40',
      '--temp',
      '0',
      '--raw',
      '--device',
    ];
    const [cpu, gpu] = [await flashinf([...args, 'cpu']), await flashinf([...args, 'webgpu'])];
    expect(gpu.stdout.equals(cpu.stdout)).toBe(true);
    expect(gpu.code).toBe(0);
  }, 120_000);
});

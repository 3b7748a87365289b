/** A device is not there, or failed, which is no bundle's fault. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
}

/** What ONNX Runtime says when a device cannot be used, and what it means. */
const FAILURES: readonly (readonly [RegExp, string])[] = [
  [
    /CUDA failure 35\b/,
    'the NVIDIA driver is older than CUDA 13 needs: 580 or later (nvidia-smi shows which it is)',
  ],
  [
    /CUDA failure 100\b/,
    'the NVIDIA driver finds no GPU: nvidia-smi lists those it sees, CUDA_VISIBLE_DEVICES may hide them',
  ],
  [
    /CUDA failure 803\b/,
    'the NVIDIA driver and its kernel module are of different versions: after an update, restart the machine',
  ],
  [/CUDA failure 2\b|out of memory|CUBLAS_STATUS_ALLOC_FAILED/i, 'the GPU has not enough free memory'],
  [
    /no kernel image is available|CUDA failure 209\b/,
    'this GPU is of a kind that the provider has no code for',
  ],
  [
    /Failed to get a WebGPU adapter/,
    'WebGPU finds no GPU: on Linux it takes a Vulkan driver, which vulkaninfo lists (of software ones, Mesa 25 or later)',
  ],
  [
    /Failed to load shared library/,
    'the CUDA provider cannot be loaded: `flashinf devices` says what is missing',
  ],
];

/** A failure on the device in a line, with what to do about it where that is known. */
export function explainFailure(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const known = FAILURES.find(([pattern]) => pattern.test(message))?.[1];
  const failure = /CUDA failure \d+: [^;]*/.exec(message)?.[0].trim();
  if (known !== undefined) return failure === undefined ? known : `${known} (${failure})`;
  return failure ?? message.split('\n', 1)[0];
}

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Whether ONNX Runtime's CUDA provider is installed here: what tests expect of a machine without CUDA is then not so. */
export function hasCuda(): boolean {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const { platform, arch } = process;
  const binaries = join(dirname(entry), '..', 'bin', 'napi-v6', platform, arch);
  return existsSync(join(binaries, 'libonnxruntime_providers_cuda.so'));
}

import type { HyenaModel, OpenOptions } from './types.js';

/** Opens a bundle: validates it in full, then loads what a token needs. Throws BundleError. */
export function openModel(directory: string, options: OpenOptions = {}): Promise<HyenaModel> {
  return Promise.reject(new Error(`not built yet: ${directory} ${JSON.stringify(options)}`));
}

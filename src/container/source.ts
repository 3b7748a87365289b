/** Where weights come from, whatever the container. */
import type { Json } from '../format/index.js';

export interface TensorInfo {
  /** Element type, under the names of safetensors. */
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Named tensors: a `state_dict`. */
export interface TensorSource {
  /** Names the container in errors. */
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The values, row-major, rounded to float32. Throws BundleError. */
  read(name: string): Float32Array;
}

/** An open checkpoint. */
export interface Checkpoint {
  readonly file: string;
  /** What kind of file it is, in words. */
  readonly container: string;
  /** Its dictionaries of tensors, by where they lie in it: '' where the file is nothing else. */
  readonly dictionaries: ReadonlyMap<string, TensorSource>;
  /** What a training program kept beside the weights under this name, as far as it is plain data. */
  beside(name: string): Json | undefined;
  /** Whether there is anything under this name, plain data or not. */
  has(name: string): boolean;
  close(): void;
}

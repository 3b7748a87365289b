/** Where weights come from, whatever the container. */
export interface TensorInfo {
  readonly dtype: string;
  readonly shape: readonly number[];
}

export interface TensorSource {
  /** Names the container in errors. */
  readonly file: string;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The values, row-major, rounded to float32. */
  read(name: string): Float32Array;
  close(): void;
}

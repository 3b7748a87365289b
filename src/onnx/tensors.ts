/** Where the weights of a graph lie. */

export interface TensorPlace {
  /** The type of the values, as safetensors names it. */
  readonly dtype: 'F32';
  readonly dims: readonly number[];
  /** What the values lie in: a file beside the graph, or bytes that are given to ONNX Runtime under this name. */
  readonly file: string;
  /** Bytes from its start. */
  readonly offset: number;
  readonly bytes: number;
}

/** Weights by name. */
export interface TensorTable {
  has(name: string): boolean;
  get(name: string): TensorPlace | undefined;
}

export function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

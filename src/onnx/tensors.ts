/** Where the weights of a graph lie. */

export interface TensorPlace {
  /** The type of the values, as safetensors names it. */
  readonly dtype: 'F32' | 'U8';
  /** Bytes that hold quantised values. */
  readonly packing?: Packing;
  readonly dims: readonly number[];
  /** What the values lie in: a file beside the graph, or bytes that are given to ONNX Runtime under this name. */
  readonly file: string;
  /** Bytes from its start. */
  readonly offset: number;
  readonly bytes: number;
}

/** Values of a few bits each, in blocks that have a scale each. */
export interface Packing {
  readonly bits: 8 | 4;
  /** Values in a block. */
  readonly block: number;
}

/** Weights by name. */
export interface TensorTable {
  has(name: string): boolean;
  get(name: string): TensorPlace | undefined;
}

export function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

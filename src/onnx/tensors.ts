/** Where tensors lie in a weights file. All are float32, little-endian, row-major. */

/**
 * Values that are made when they are written, and not kept: a model larger than the memory passes through one
 * tensor at a time.
 */
export type Values = () => Float32Array;

export interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | Values;
}

export interface TensorPlace {
  readonly dims: readonly number[];
  /** Bytes from the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The weights file a graph refers to: its name beside the graph, and its tensors by name. */
export interface TensorTable {
  readonly file: string;
  readonly bytes: number;
  readonly places: ReadonlyMap<string, TensorPlace>;
}

/** Tensors start on a cache line, which keeps vector loads from a mapped file aligned. */
const ALIGNMENT = 64;

/** Part of a tensor under a name of its own: a graph may want one layer where another wants the stack. */
export interface View {
  readonly name: string;
  readonly of: string;
  /** Elements from the start of the tensor. */
  readonly start: number;
  readonly dims: readonly number[];
}

/** Lays tensors out one after the other; views share their tensor's bytes. */
export function layOut(file: string, tensors: readonly Tensor[], views: readonly View[] = []): TensorTable {
  const places = new Map<string, TensorPlace>();
  const place = (name: string, dims: readonly number[], offset: number): void => {
    if (places.has(name)) throw new RangeError(`two tensors are named ${name}`);
    places.set(name, { dims, offset, bytes: 4 * elements(dims) });
  };
  let offset = 0;
  for (const { name, dims, data } of tensors) {
    if (typeof data !== 'function') checkFill(name, dims, data);
    place(name, dims, offset);
    offset = Math.ceil((offset + 4 * elements(dims)) / ALIGNMENT) * ALIGNMENT;
  }
  for (const { name, of, start, dims } of views) {
    const whole = places.get(of);
    if (whole === undefined || 4 * (start + elements(dims)) > whole.bytes) {
      throw new RangeError(`${name} lies outside ${of}`);
    }
    place(name, dims, whole.offset + 4 * start);
  }
  return { file, bytes: offset, places };
}

function checkFill(name: string, dims: readonly number[], data: Float32Array): void {
  if (elements(dims) !== data.length) {
    throw new RangeError(`${name}: ${data.length} values do not fill [${dims.join(', ')}]`);
  }
}

export function elements(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

/** The bytes of a weights file laid out by `table`. */
export function* tensorBytes(table: TensorTable, tensors: readonly Tensor[]): Generator<Uint8Array> {
  let at = 0;
  for (const { name, data } of tensors) {
    const place = table.places.get(name);
    if (place === undefined) throw new RangeError(`${name} has no place in ${table.file}`);
    yield new Uint8Array(place.offset - at);
    const values = typeof data === 'function' ? data() : data;
    checkFill(name, place.dims, values);
    yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    at = place.offset + place.bytes;
  }
  yield new Uint8Array(table.bytes - at);
}

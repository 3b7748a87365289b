/** Element types of stored tensors, under the names of safetensors: their size, and how to read them. */

export interface Element {
  readonly bytes: number;
  /** Reads the value that starts at byte `at`, little-endian. Left out: no weights are stored in this type. */
  readonly get?: (view: DataView, at: number) => number;
}

const half = new DataView(new ArrayBuffer(4));

export const ELEMENTS: Readonly<Record<string, Element>> = {
  F64: { bytes: 8, get: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, get: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, get: (view, at) => fromHalf(view.getUint16(at, true)) },
  BF16: { bytes: 2, get: (view, at) => fromBrain(view.getUint16(at, true)) },
  I64: { bytes: 8, get: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, get: (view, at) => view.getInt32(at, true) },
  // Counters, masks, random states: they lie beside weights and are never read.
  U64: { bytes: 8 },
  U32: { bytes: 4 },
  U16: { bytes: 2 },
  I16: { bytes: 2 },
  U8: { bytes: 1 },
  I8: { bytes: 1 },
  BOOL: { bytes: 1 },
  F8_E4M3: { bytes: 1 },
  F8_E5M2: { bytes: 1 },
  F8_E8M0: { bytes: 1 },
  C64: { bytes: 8 },
  C128: { bytes: 16 },
};

/** Whether values of this type can be read. */
export function readable(dtype: string): boolean {
  return ELEMENTS[dtype].get !== undefined;
}

/** Stored values, rounded to float32. Takes the buffer over: float32 needs no copy. */
export function toFloat32(dtype: string, stored: Uint8Array<ArrayBuffer>): Float32Array {
  if (dtype === 'F32' && stored.byteOffset % 4 === 0) {
    return new Float32Array(stored.buffer, stored.byteOffset, stored.byteLength / 4);
  }
  if (dtype === 'BF16' && stored.byteOffset % 2 === 0) {
    const upper = new Uint16Array(stored.buffer, stored.byteOffset, stored.byteLength / 2);
    const words = new Int32Array(upper.length);
    for (let i = 0; i < upper.length; i++) words[i] = upper[i] << 16;
    return new Float32Array(words.buffer);
  }
  const { bytes, get } = ELEMENTS[dtype];
  if (get === undefined) throw new RangeError(`no values are read of ${dtype}`);
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  const values = new Float32Array(stored.byteLength / bytes);
  for (let i = 0; i < values.length; i++) values[i] = get(view, i * bytes);
  return values;
}

/** IEEE binary16: 1 sign, 5 exponent and 10 fraction bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest IEEE binary16, ties to even. */
export function toHalf(value: number): number {
  half.setFloat32(0, value);
  const bits = half.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const size = bits & 0x7fffffff;
  if (size > 0x7f800000) return 0x7e00;
  if (size >= 0x47800000) return sign | 0x7c00;
  if (size < 0x38800000) {
    // Below 2^-14, they are multiples of 2^-24, and so are the float32 around 0.75.
    const shifted = Math.fround(Math.abs(value) + 0.75);
    return sign | Math.round((shifted - 0.75) * 2 ** 24);
  }
  return sign | ((size + 0xfff + ((size >>> 13) & 1) - 0x38000000) >>> 13);
}

/** bfloat16: the upper half of a float32. */
export function fromBrain(bits: number): number {
  half.setUint32(0, bits << 16);
  return half.getFloat32(0);
}

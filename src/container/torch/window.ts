/** A tensor's elements out of the storage it is a window on. */
import { ELEMENTS, toFloat32 } from '../element.js';
import type { PickledTensor } from '../pickle/values.js';

/** Bytes of what is stored under a key, from `start` on. */
export type ReadStorage = (key: string, start: number, length: number) => Uint8Array<ArrayBuffer>;

/** A window with holes is read in stretches of at most this many bytes, whatever its strides. */
const LONGEST_STRETCH = 1 << 24;

/** The elements, row-major, rounded to float32: the least of the storage that holds them is read. */
export function readWindow(tensor: PickledTensor, read: ReadStorage): Float32Array {
  const { storage, dtype, shape, strides } = tensor;
  const { bytes } = ELEMENTS[dtype];
  const stretch = (from: number, length: number): Float32Array =>
    toFloat32(dtype, read(storage.key, (storage.offset + from) * bytes, length * bytes));

  const length = product(shape);
  if (length === 0) return new Float32Array(0);
  if (isContiguous(shape, strides)) return stretch(tensor.offset, length);

  const values = new Float32Array(length);
  /** Elements from the first to the last of a part: all axes from `axis` on. */
  const spans = shape.map((_, axis) => spanOf(shape.slice(axis), strides.slice(axis)));
  let done = 0;
  const gather = (from: number, axis: number): void => {
    if (axis === shape.length || spans[axis] * bytes <= LONGEST_STRETCH) {
      const span = axis === shape.length ? 1 : spans[axis];
      done = copyWindow(stretch(from, span), shape.slice(axis), strides.slice(axis), values, done);
      return;
    }
    for (let i = 0; i < shape[axis]; i++) gather(from + i * strides[axis], axis + 1);
  };
  gather(tensor.offset, 0);
  return values;
}

/** Copies a window that starts at element 0 of `from` to `to`, from `at` on; returns where it ends there. */
function copyWindow(
  from: Float32Array,
  shape: readonly number[],
  strides: readonly number[],
  to: Float32Array,
  at: number,
): number {
  const end = at + product(shape);
  const index = shape.map(() => 0);
  let place = 0;
  for (; at < end; at++) {
    to[at] = from[place];
    // Counts up like an odometer, the last axis fastest.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis];
      if (++index[axis] < shape[axis]) break;
      place -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return end;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  return shape.every((size, axis) => size === 1 || strides[axis] === product(shape.slice(axis + 1)));
}

function spanOf(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], 1);
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all * size, 1);
}

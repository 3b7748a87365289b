declare module 'ndarray-fft' {
  import type { NdArray } from 'ndarray';
  /** In place; 1: by exp(+2 pi i j k / n), -1: its inverse, with the factor 1 / n. */
  export default function fft(direction: 1 | -1, re: NdArray, im: NdArray): void;
}

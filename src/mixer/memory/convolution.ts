import type { Kernels } from '../kernel/kernels.js';
import type { ConvolutionLayout } from './layout.js';

/** One convolution's memory as one thread sees it. */
export interface ConvolutionMemory<Layout extends ConvolutionLayout = ConvolutionLayout> {
  readonly layout: Layout;
  readonly floats: Float32Array;
  readonly kernels: Kernels;
}

/** Rows `first` ... of a filter of at least `length` rows, `[time, channel]`. */
export interface FilterRows {
  readonly rows: Float32Array;
  readonly width: number;
  readonly length: number;
  readonly first: number;
}

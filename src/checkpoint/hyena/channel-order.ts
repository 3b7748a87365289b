/**
 * The order of a filter's channels where a layer has several convolutions (order > 2). The code a model was
 * trained with decides: safari *interleaves* them, channel c of convolution o at `c (order - 1) + o`; the
 * standalone and Hugging Face code *stack* them, at `o D + c`. At order 2 both are the same.
 */
import type { TensorNames } from '../../bundle/index.js';

type Layout = TensorNames['layout'];

/** As the checkpoint has them -> `[convolution, channel, size]`. */
export function splitChannels(
  values: Float32Array,
  convolutions: number,
  size: number,
  layout: Layout,
): Float32Array {
  return permute(values, convolutions, size, layout, false);
}

/** `[convolution, channel, size]` -> as the checkpoint had them. */
export function joinChannels(
  values: Float32Array,
  convolutions: number,
  size: number,
  layout: Layout,
): Float32Array {
  return permute(values, convolutions, size, layout, true);
}

function permute(
  values: Float32Array,
  convolutions: number,
  size: number,
  layout: Layout,
  join: boolean,
): Float32Array {
  if (layout === 'stacked' || convolutions === 1) return values;
  const width = values.length / (convolutions * size);
  const out = new Float32Array(values.length);
  for (let o = 0; o < convolutions; o++) {
    for (let channel = 0; channel < width; channel++) {
      const stacked = (o * width + channel) * size;
      const interleaved = (channel * convolutions + o) * size;
      const [from, to] = join ? [stacked, interleaved] : [interleaved, stacked];
      out.set(values.subarray(from, from + size), to);
    }
  }
  return out;
}

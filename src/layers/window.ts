/** Causal convolutions whose filters are a few taps: what they need of the past is a window of inputs. */
import type { GraphBuilder, Value } from '../onnx/index.js';
import type { LayerState } from './state.js';
import { sumRows } from './sum.js';

/** The inputs before the current one, the oldest first. */
export function windowState(name: string, taps: number, channels: number): LayerState {
  return { name, dims: [taps - 1, channels], past: 1 };
}

/**
 * `c[t] = sum over k of w[K - 1 - k] x[t - k]`, channel by channel, K taps, the weights `NAME.taps` `[K, channel]` (the oldest
 * input's first).
 *
 * @param x `[lane, time, channel]`
 * @param rows the most rows that there will be
 */
export function convolveWindow(
  g: GraphBuilder,
  name: string,
  { taps, channels, rows }: { readonly taps: number; readonly channels: number; readonly rows: number },
  x: Value,
): Value {
  const before = g.input(`${name}_1`, 'float32', ['lane', taps - 1, channels]);
  const all = g.node('Concat', [before, x], { attributes: { axis: 1 } });
  const bounds = [1 - taps, Number.MAX_SAFE_INTEGER].map((bound) => g.constant([bound]));
  g.node('Slice', [all, ...bounds, g.constant([1])], {}, `${name}_0`);
  g.output(`${name}_0`, 'float32', ['lane', taps - 1, channels]);
  const weights = g.weight(`${name}.taps`);
  if (rows === 1) {
    const products = g.node('Mul', [all, weights]);
    return sumRows(g, products, taps);
  }
  const turn = (value: Value): Value => g.node('Transpose', [value], { attributes: { perm: [0, 2, 1] } });
  const byChannel = g.node('Transpose', [weights], { attributes: { perm: [1, 0] } });
  const kernel = g.node('Unsqueeze', [byChannel, g.constant([1])]);
  const attributes = { group: channels, kernel_shape: [taps] };
  return turn(g.node('Conv', [turn(all), kernel], { attributes }));
}

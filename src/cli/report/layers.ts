/** A model's layers in words. */
import type { LayerSpec } from '../../bundle/index.js';

/** How many there are of each kind, in the order in which they come first: "4 x hyena of order 2, layer norm, gelu MLP of 1024". */
export function describeLayers(layers: readonly LayerSpec[]): string {
  const counts = new Map<string, number>();
  for (const { mixer, norm, mlp } of layers) {
    const phrase = `${describeMixer(mixer)}, ${norm.kind} norm, ${mlp.kind} MLP of ${mlp.inner}`;
    counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  return [...counts].map(([phrase, count]) => `${count} x ${phrase}`).join('; ');
}

function describeMixer(mixer: LayerSpec['mixer']): string {
  switch (mixer.kind) {
    case 'hyena':
      return `hyena of order ${mixer.order}`;
    case 'data-dependent':
      return 'hyena of data-dependent filters';
    case 'window':
      return `hyena of ${mixer.taps} taps`;
    case 'modal':
      return `hyena of ${mixer.modes} ${mixer.complex ? 'complex' : 'real'} modes`;
    case 'attention':
      return `attention of ${mixer.heads} heads`;
  }
}

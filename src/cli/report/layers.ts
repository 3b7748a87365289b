/** A model's layers in words. */
import type { LayerSpec } from '../../bundle/index.js';

/** Equal layers that follow one another in one phrase: "4 x hyena of order 2, layer norm, gelu MLP of 1024". */
export function describeLayers(layers: readonly LayerSpec[]): string {
  const phrases = layers.map(
    ({ mixer, norm, mlp }) => `${describeMixer(mixer)}, ${norm.kind} norm, ${mlp.kind} MLP of ${mlp.inner}`,
  );
  const runs: { phrase: string; count: number }[] = [];
  for (const phrase of phrases) {
    const last = runs.at(-1);
    if (last?.phrase === phrase) last.count++;
    else runs.push({ phrase, count: 1 });
  }
  return runs.map(({ phrase, count }) => `${count} x ${phrase}`).join('; ');
}

function describeMixer(mixer: LayerSpec['mixer']): string {
  switch (mixer.kind) {
    case 'hyena':
      return `hyena of order ${mixer.order}`;
    case 'window':
      return `hyena of ${mixer.taps} taps`;
    case 'modal':
      return `hyena of ${mixer.modes} ${mixer.complex ? 'complex' : 'real'} modes`;
    case 'attention':
      return `attention of ${mixer.heads} heads`;
  }
}

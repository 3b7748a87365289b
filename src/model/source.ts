import type { KeyValueType } from '../layers/index.js';
import { type Bundle, type GraphName, makeGraph } from '../bundle/index.js';
import type { Source } from './session.js';
import type { Device } from './types.js';

/** Devices with a kernel for products with a transpose. */
const FUSED: { readonly [D in Device]: boolean } = { cpu: true, cuda: true, webgpu: false };

/** A graph of a bundle. */
export function sourceOf(
  { config, weights, directory }: Bundle,
  name: GraphName,
  keyValues?: KeyValueType,
): Source {
  return {
    label: `${directory}, ${name} graph`,
    weights,
    make: (table, device) => makeGraph(config, name, table, { fused: FUSED[device], keyValues }),
  };
}

/** Settings that a training program kept beside the weights, whatever objects it kept them in. */
import type { Json } from '../../format/index.js';
import { Instance, Tuple, type Pickled } from '../pickle/values.js';

const DEEPEST = 32;
/** Settings are some hundred values. */
const MOST_VALUES = 100_000;

/** Dictionaries, namespaces and OmegaConf's trees as plain data; what is not plain is left out. */
export function plainOf(value: Pickled): Json | undefined {
  let left = MOST_VALUES;
  const convert = (item: Pickled, depth: number): Json | undefined => {
    if (item === null || typeof item !== 'object') return item;
    if (depth > DEEPEST || left-- <= 0) return undefined;
    if (item instanceof Instance) return convert(contentOf(item), depth + 1);
    if (item instanceof Map) {
      const out = new Map<string, Json>();
      for (const [key, inner] of item) {
        const plain = typeof key === 'string' ? convert(inner, depth + 1) : undefined;
        if (typeof key === 'string' && plain !== undefined) out.set(key, plain);
      }
      return out;
    }
    if (Array.isArray(item) || item instanceof Tuple) {
      const items = Array.isArray(item) ? item : item.items;
      return items.map((inner) => convert(inner, depth + 1) ?? null);
    }
    return undefined;
  };
  return convert(value, 0);
}

/** What an object holds, as a value of its own kind would. */
function contentOf({ entries, state, args }: Instance): Pickled {
  if (entries !== undefined) return entries;
  // Objects with slots keep a pair: attributes, and slots.
  const attributes =
    state instanceof Tuple ? (state.items.find((item) => item instanceof Map) ?? null) : state;
  if (attributes instanceof Map) {
    // OmegaConf's nodes: a tree's content, a leaf's value.
    for (const name of ['_content', '_val']) if (attributes.has(name)) return attributes.get(name)!;
    return attributes;
  }
  // A dictionary made of another.
  return args[0] instanceof Map ? args[0] : new Map();
}

/** The dictionaries of tensors in what a pickle holds, wherever a training program put them. */
import { Instance, TensorValue, Tuple, type Pickled, type PickledTensor } from '../pickle/values.js';

export type Tensors = Map<string, PickledTensor>;

/** Levels of dictionaries, lists and objects that are looked into. */
const DEEPEST = 24;

/**
 * All dictionaries with tensors in them, by the keys that lead there, joined by dots: '' for the outermost. What
 * else they hold is passed over. A whole module (`torch.save(model)`) counts as its `state_dict`.
 */
export function findDictionaries(top: Pickled): Map<string, Tensors> {
  const found = new Map<string, Tensors>();
  const seen = new Set<Pickled>();
  const visit = (value: Pickled, path: string, depth: number): void => {
    if (typeof value !== 'object' || value === null || depth > DEEPEST || seen.has(value)) return;
    seen.add(value);
    const join = (key: Pickled): string =>
      `${path}${path === '' ? '' : '.'}${typeof key === 'object' ? '?' : String(key)}`;
    if (value instanceof Map) {
      const tensors = tensorsOf(value);
      if (tensors.size > 0 && !found.has(path)) found.set(path, tensors);
      for (const [key, item] of value) visit(item, join(key), depth + 1);
    } else if (value instanceof Instance) {
      const module = moduleTensors(value);
      if (module !== undefined) {
        if (module.size > 0 && !found.has(path)) found.set(path, module);
        return;
      }
      visit(value.entries ?? null, path, depth + 1);
      visit(value.items ?? null, path, depth + 1);
      visit(value.state, path, depth + 1);
      value.args.forEach((item) => {
        visit(item, path, depth + 1);
      });
    } else if (Array.isArray(value) || value instanceof Tuple) {
      (Array.isArray(value) ? value : value.items).forEach((item, i) => {
        visit(item, join(i), depth + 1);
      });
    }
  };
  visit(top, '', 0);
  return found;
}

function tensorsOf(dict: ReadonlyMap<Pickled, Pickled>): Tensors {
  const tensors: Tensors = new Map();
  for (const [name, value] of dict) {
    if (typeof name === 'string' && name !== '' && value instanceof TensorValue)
      tensors.set(name, value.tensor);
  }
  return tensors;
}

/**
 * The `state_dict` of an `nn.Module`: parameters and buffers under the names of the modules that hold them.
 * Undefined where the object is none.
 */
function moduleTensors(object: Instance): Tensors | undefined {
  if (!isModule(object)) return undefined;
  const tensors: Tensors = new Map();
  const open = new Set<Pickled>();
  const visit = (module: Pickled, prefix: string): void => {
    // A module within itself is none; one that stands under two names has two.
    if (!isModule(module) || open.has(module) || open.size > DEEPEST) return;
    open.add(module);
    for (const kind of ['_parameters', '_buffers']) {
      const held = module.state.get(kind);
      if (!(held instanceof Map)) continue;
      for (const [name, tensor] of tensorsOf(held)) tensors.set(prefix + name, tensor);
    }
    const modules = module.state.get('_modules');
    if (modules instanceof Map) {
      for (const [name, inner] of modules) if (typeof name === 'string') visit(inner, `${prefix}${name}.`);
    }
    open.delete(module);
  };
  visit(object, '');
  return tensors;
}

function isModule(value: Pickled): value is Instance & { readonly state: Map<Pickled, Pickled> } {
  if (!(value instanceof Instance) || !(value.state instanceof Map)) return false;
  return value.state.has('_modules') && value.state.has('_parameters');
}

/** Tensors of a checkpoint on their way into a model: held to their shapes, to finite values, and to being all of them. */
import { readable, type TensorSource } from '../container/index.js';
import { BundleError } from '../format/index.js';
import type { Values } from '../hyena/index.js';

/** Checks tensors against their shapes, and knows which were asked for. */
export class Reader {
  private readonly asked = new Set<string>();

  constructor(private readonly source: TensorSource) {}

  /** The shape of a tensor. */
  shape(name: string): readonly number[] {
    return this.source.tensors.get(name)?.shape ?? this.fail(name, 'a tensor', 'none');
  }

  has(name: string): boolean {
    return this.source.tensors.has(name);
  }

  /** @param padded whether there may be more rows than asked for */
  read(name: string, shape: readonly number[], padded = false): Values {
    const info = this.source.tensors.get(name);
    if (info === undefined) this.fail(name, `a tensor [${shape.join(', ')}]`, 'none');
    if (!readable(info.dtype)) this.fail(name, 'values that weights are stored in', info.dtype);
    const found = info.shape;
    const fits =
      found.length === shape.length && found.every((dim, i) => fitsDim(dim, shape[i], padded && i === 0));
    if (!fits) {
      this.fail(name, `[${padded ? 'at least ' : ''}${shape.join(', ')}]`, `[${found.join(', ')}]`);
    }
    this.asked.add(name);
    return () => {
      const values = this.source.read(name);
      const odd = firstOdd(values);
      if (odd >= 0) this.fail(name, 'finite numbers', `${values[odd]} at ${odd}`);
      return values;
    };
  }

  /** Lets a tensor be there without being read. */
  skip(name: string): void {
    this.asked.add(name);
  }

  /** Refuses tensors nobody asked for: a model that has them computes something else. */
  done(): void {
    for (const name of this.source.tensors.keys()) {
      if (!this.asked.has(name)) this.fail(name, 'no such tensor', 'one');
    }
  }

  fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.source.file, field, expected, got });
  }
}

/** Index of the first value that is no finite number, -1 if there is none. */
function firstOdd(values: Float32Array): number {
  // A loop: for hundreds of millions of values, a callback each would be most of an import.
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

function fitsDim(found: number, wanted: number, orMore: boolean): boolean {
  return orMore ? found >= wanted : found === wanted;
}

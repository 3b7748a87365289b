/** What a pickle describes, as inert data. */

export type Pickled =
  | null
  | boolean
  | number
  | string
  | Pickled[]
  | Map<Pickled, Pickled>
  | Tuple
  | Global
  | Storage
  | TensorValue
  | Instance;

export class Tuple {
  constructor(readonly items: readonly Pickled[]) {}
}

/** A function or class by its full name; never the thing itself. */
export class Global {
  constructor(readonly name: string) {}
}

/**
 * Stands for an object that this program does not know: what the pickle would have called to make it, with what,
 * and what it would then have filled it with. Integers beyond 2^53, byte strings and sets are such objects too.
 */
export class Instance {
  /** Attributes, as a rule a dictionary of them. */
  state: Pickled = null;
  /** Items, of an object that is a kind of dictionary. */
  entries: Map<Pickled, Pickled> | undefined;
  /** Items, of an object that is a kind of list or set. */
  items: Pickled[] | undefined;

  constructor(
    readonly className: string,
    readonly args: readonly Pickled[] = [],
  ) {}
}

export class Storage {
  constructor(readonly storage: PickledStorage) {}
}

export class TensorValue {
  constructor(readonly tensor: PickledTensor) {}
}

/** A tensor as the pickle describes it: a strided window on a storage. Sizes and strides in elements. */
export interface PickledTensor {
  readonly storage: PickledStorage;
  readonly dtype: string;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

export interface PickledStorage {
  /** Element type, under the names of safetensors. */
  readonly dtype: string;
  readonly key: string;
  /** Where it starts in what is stored under the key, in elements. */
  readonly offset: number;
  /** In elements. */
  readonly length: number;
  /** Elements of what is stored under the key. */
  readonly stored: number;
}

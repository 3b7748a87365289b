/** Reads the fields of a parsed JSON object, each against what it must be. Throws BundleError. */
import { BundleError } from './errors.js';
import { isArray, isObject, toPlain, type Json, type JsonObject } from './json.js';

export interface Range {
  readonly min: number;
  readonly max: number;
}

export class Fields {
  private readonly read = new Set<string>();

  private constructor(
    readonly file: string,
    /** Dotted path of the object, empty for the outermost. */
    readonly path: string,
    private readonly values: JsonObject,
  ) {}

  static of(value: Json, file: string, path = ''): Fields {
    if (isObject(value)) return new Fields(file, path, value);
    throw new BundleError({ file, field: path, expected: 'an object', got: describe(value) });
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  names(): string[] {
    return [...this.values.keys()];
  }

  get(name: string): Json {
    this.read.add(name);
    const value = this.values.get(name);
    if (value === undefined) this.fail(name, 'a value', 'none');
    return value;
  }

  object(name: string): Fields {
    return Fields.of(this.get(name), this.file, this.pathOf(name));
  }

  /** A count or size: no fraction, and not -0. */
  integer(name: string, { min, max }: Range): number {
    const value = this.get(name);
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0);
    if (!fits || value < min || value > max)
      this.fail(name, `an integer from ${min} to ${max}`, describe(value));
    return value;
  }

  number(name: string, { min, max }: Range): number {
    const value = this.get(name);
    if (typeof value !== 'number' || !(value >= min && value <= max)) {
      this.fail(name, `a number from ${min} to ${max}`, describe(value));
    }
    return value;
  }

  string(name: string, pattern: RegExp, expected: string): string {
    const value = this.get(name);
    if (typeof value !== 'string' || !pattern.test(value)) this.fail(name, expected, describe(value));
    return value;
  }

  oneOf<T extends string | number | boolean>(name: string, choices: readonly T[]): T {
    const value = this.get(name);
    const choice = choices.find((candidate) => candidate === value);
    if (choice === undefined) {
      this.fail(name, choices.map((candidate) => JSON.stringify(candidate)).join(' or '), describe(value));
    }
    return choice;
  }

  /** The whole object as it is, for fields without a fixed form. */
  plain(): Record<string, unknown> {
    return toPlain(this.values) as Record<string, unknown>;
  }

  /** Refuses fields nobody asked for: in a format with a version, each is a mistake. */
  done(): void {
    for (const name of this.values.keys()) {
      if (!this.read.has(name)) this.fail(name, 'no such field', 'one');
    }
  }

  fail(name: string, expected: string, got: string): never {
    throw new BundleError({ file: this.file, field: this.pathOf(name), expected, got });
  }

  private pathOf(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`;
  }
}

/** A value, short enough for a message. */
export function describe(value: Json): string {
  if (isArray(value)) return 'a list';
  if (isObject(value)) return 'an object';
  return Object.is(value, -0) ? '-0' : JSON.stringify(value).slice(0, 80);
}

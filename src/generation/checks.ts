/** Values that a program hands in: each is what it must be, or a TypeError or RangeError names the option. */

/** Throws a TypeError or RangeError that begins with the name. */
export type Check = (value: unknown, name: string) => void;

/** One for every option. */
export type Checks<T> = Readonly<Record<keyof T, Check>>;

/**
 * Checks the options that are there. Throws for one that does not exist, which is mostly one that is misspelt.
 *
 * @param what whose options they are, in errors
 */
export function checkOptions<T extends object>(what: string, options: T, checks: Checks<T>): void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${what}: expected an object, got ${shown(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) throw new TypeError(`${what}: there is no option ${shown(name)}`);
    if (value !== undefined) checks[name as keyof T](value, name);
  }
}

/** What a number can be. */
export interface Bounds {
  readonly from?: number;
  readonly above?: number;
  readonly to?: number;
  /** No fraction. */
  readonly whole?: boolean;
}

/** What lies within bounds. */
export function within(bounds: Bounds): Check {
  return bounds.whole ? whole(bounds.from!, bounds.to) : number(bounds);
}

/** A number within bounds. */
export function number({ from = -Infinity, above = -Infinity, to = Number.MAX_VALUE }: Bounds = {}): Check {
  const least = above > -Infinity ? `above ${above}` : `from ${from}`;
  const bounds = to === Number.MAX_VALUE ? least : `${least}, at most ${to}`;
  return (value, name) => {
    if (typeof value !== 'number') fail(TypeError, name, 'a number', value);
    if (!(value >= from && (value > above || above === -Infinity) && value <= to)) {
      fail(RangeError, name, `a number ${bounds}`, value);
    }
  };
}

/** A whole number within bounds, both included. */
export function whole(from: number, to = Number.MAX_SAFE_INTEGER): Check {
  const bounds = to === Number.MAX_SAFE_INTEGER ? `of at least ${from}` : `from ${from} to ${to}`;
  return (value, name) => {
    if (typeof value !== 'number') fail(TypeError, name, 'a whole number', value);
    if (!Number.isSafeInteger(value) || value < from || value > to) {
      fail(RangeError, name, `a whole number ${bounds}`, value);
    }
  };
}

/** What passes one check of a value; `expected` says which. */
export function value(expected: string, passes: (value: unknown) => boolean): Check {
  return (value, name) => {
    if (!passes(value)) fail(TypeError, name, expected, value);
  };
}

export const flag = value('true or false', (value) => typeof value === 'boolean');
export const text = value('a text', (value) => typeof value === 'string');
export const callback = value('a function', (value) => typeof value === 'function');
export const object = value('an object', (value) => typeof value === 'object' && value !== null);
export const signal = value('an AbortSignal', (value) => value instanceof AbortSignal);
export const oneOf = (...choices: readonly string[]): Check =>
  value(choices.join(' or '), (value) => choices.includes(value as string));

/** Token ids, of any vocabulary. */
export const tokens = value(
  'a list of token ids',
  (value) =>
    (Array.isArray(value) || ArrayBuffer.isView(value)) &&
    Array.prototype.every.call(value, (id) => Number.isSafeInteger(id) && (id as number) >= 0),
);

function fail(
  kind: typeof TypeError | typeof RangeError,
  name: string,
  expected: string,
  got: unknown,
): never {
  throw new kind(`${name}: expected ${expected}, got ${shown(got)}`);
}

/** A value, short enough for a message. */
function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

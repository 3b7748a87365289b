/**
 * A strict reader of JSON from untrusted files. JSON.parse keeps the last of two equal keys, lets
 * `__proto__` in, rounds integers it cannot hold, turns 1e400 into Infinity, and overflows the stack on deep
 * nesting; here each is an error with its byte offset. Objects become Maps. What all values take in memory is
 * bounded, too.
 */
import { Budget, SIZE } from './budget.js';
import { BundleError } from './errors.js';
import { readSmallFile } from './file.js';

/** A bigint only where `parseJson` was asked for them. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;
export type JsonObject = ReadonlyMap<string, Json>;

/** No file of ours nests deeper than this by far. */
const DEEPEST = 64;

/**
 * Parses UTF-8 bytes. `file` and `field` name them in errors.
 *
 * @param bigints whether integers that a number cannot hold are bigints; refused otherwise
 */
export function parseJson(bytes: Uint8Array, file: string, field = '', bigints = false): Json {
  let text: string;
  try {
    // ignoreBOM keeps a byte order mark in the text, where it is refused like any other stray character.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new BundleError({ file, field, expected: 'JSON in UTF-8', got: 'bytes that are not UTF-8' });
  }
  return new Parser(text, file, field, bigints).document();
}

/** A config is a few kilobytes; a larger file is something else. */
const LONGEST = 1 << 20;

/** Parses a file from a stranger, refused if it is longer than `longest` bytes. Throws BundleError. */
export function readJsonFile(file: string, longest = LONGEST): Json {
  return parseJson(readSmallFile(file, 'a JSON file', longest), file);
}

/** Maps become plain objects without a prototype, so that no key has a meaning of its own. */
export function toPlain(value: Json): unknown {
  if (isArray(value)) return value.map(toPlain);
  if (!isObject(value)) return value;
  const out = Object.create(null) as Record<string, unknown>;
  for (const [key, item] of value) out[key] = toPlain(item);
  return out;
}

export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

export function isObject(value: Json): value is JsonObject {
  return value instanceof Map;
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const HEX = /[0-9a-fA-F]{4}/y;
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

class Parser {
  private at = 0;
  private readonly budget = new Budget((most) => this.fail(`values that take at most ${most}`, 'more'));

  constructor(
    private readonly text: string,
    private readonly file: string,
    private readonly field: string,
    private readonly bigints: boolean,
  ) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail('the end of the JSON');
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEEPEST) this.fail(`at most ${DEEPEST} levels of nesting`, 'more');
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth);
      case '[':
        return this.array(depth);
      case '"':
        return this.string();
      case 't':
        return this.word('true', true);
      case 'f':
        return this.word('false', false);
      case 'n':
        return this.word('null', null);
      default:
        return this.number();
    }
  }

  private object(depth: number): JsonObject {
    this.budget.spend(SIZE.map);
    const out = new Map<string, Json>();
    this.at++;
    if (this.take('}')) return out;
    do {
      this.space();
      if (this.text[this.at] !== '"') this.fail('a key');
      const start = this.at;
      const key = this.string();
      if (out.has(key)) {
        this.at = start;
        this.fail('each key once', `${JSON.stringify(key)} again`);
      }
      if (!this.take(':')) this.fail('":"');
      this.budget.spend(SIZE.entry);
      out.set(key, this.value(depth + 1));
    } while (this.take(','));
    if (!this.take('}')) this.fail('"," or "}"');
    return out;
  }

  private array(depth: number): Json[] {
    this.budget.spend(SIZE.list);
    const out: Json[] = [];
    this.at++;
    if (this.take(']')) return out;
    do {
      this.budget.spend(SIZE.value);
      out.push(this.value(depth + 1));
    } while (this.take(','));
    if (!this.take(']')) this.fail('"," or "]"');
    return out;
  }

  private string(): string {
    this.at++;
    let out = '';
    for (;;) {
      const plain = this.plain();
      // A piece for each escape.
      this.budget.spend(SIZE.text + plain.length);
      out += plain;
      const stop = this.text[this.at];
      if (stop === '"') {
        this.at++;
        return out;
      }
      if (stop !== '\\') this.fail('a closing quote');
      this.at++;
      out += this.escape();
    }
  }

  /** Everything a string may hold up to its end or the next escape. */
  private plain(): string {
    const start = this.at;
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      // Past the end it is NaN.
      if (!(code >= 0x20) || code === 0x22 || code === 0x5c) return this.text.slice(start, this.at);
      this.at++;
    }
  }

  private escape(): string {
    const letter = this.text[this.at];
    if (letter === 'u') {
      this.at++;
      const hex = this.match(HEX);
      if (hex === '') this.fail('four hexadecimal digits');
      return String.fromCharCode(parseInt(hex, 16));
    }
    if (letter === undefined || !Object.hasOwn(ESCAPES, letter)) this.fail('an escape sequence');
    this.at++;
    return ESCAPES[letter];
  }

  private number(): number | bigint {
    const start = this.at;
    const literal = this.match(NUMBER);
    if (literal === '') this.fail('a value');
    const value = Number(literal);
    const integer = /^-?[0-9]+$/.test(literal);
    if (this.bigints && integer && !Number.isSafeInteger(value)) return BigInt(literal);
    if (!Number.isFinite(value) || (integer && !Number.isSafeInteger(value))) {
      this.at = start;
      this.fail('a number that can be held exactly', literal);
    }
    return value;
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) this.fail('a value');
    this.at += word.length;
    return value;
  }

  private take(character: string): boolean {
    this.space();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private space(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.at++;
    }
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? '';
    this.at += found.length;
    return found;
  }

  private fail(expected: string, got?: string): never {
    const found = this.text[this.at];
    throw new BundleError({
      file: this.file,
      field: `${this.field === '' ? '' : `${this.field}, `}character ${this.at}`,
      expected,
      got: got ?? (found === undefined ? 'the end of the text' : JSON.stringify(found)),
    });
  }
}

/** The command line as plain data: what a command and its options are, and the types that follow from it. */

interface Common {
  /** One line, for help, the manual and the README. */
  readonly help: string;
  /** One letter. */
  readonly short?: string;
  /** Other spellings that work just as well, long ones. */
  readonly aliases?: readonly string[];
  /** Where help lists it. Left out: among the plain options. */
  readonly group?: string;
}

export interface FlagSpec extends Common {
  readonly type: 'flag';
  /** Spelt `--no-NAME`: on unless it is given. */
  readonly negated?: true;
}

interface ValueSpec<T> extends Common {
  /** What help calls the value. */
  readonly value: string;
  readonly default?: T;
  /** What help shows in place of the default, or of there being none. */
  readonly defaultText?: string;
  readonly required?: true;
}

export interface TextSpec extends ValueSpec<string> {
  readonly type: 'text';
  /** What completion offers: files, directories or nothing. */
  readonly completes?: 'file' | 'directory';
}

/** A text that may be left out: `--name` or `--name=VALUE`. */
export interface OptionalTextSpec extends ValueSpec<string> {
  readonly type: 'optional text';
  readonly completes?: 'file';
}

/** A text that may be given again and again. */
export interface TextsSpec extends ValueSpec<readonly string[]> {
  readonly type: 'texts';
}

export interface ChoiceSpec extends ValueSpec<string> {
  readonly type: 'choice';
  readonly choices: readonly string[];
}

/** One or several of the choices, with commas between. */
export interface ChoicesSpec extends ValueSpec<readonly string[]> {
  readonly type: 'choices';
  readonly choices: readonly string[];
}

/** Out of range values are refused, never clamped. A size is in bytes: 500M, 1.5G, powers of 1024. */
export interface NumberSpec extends ValueSpec<number> {
  readonly type: 'number' | 'integer' | 'size';
  readonly from?: number;
  /** The value must be larger than this. */
  readonly above?: number;
  readonly to?: number;
}

/** Whole numbers to go through, ascending or not: `128K`, `1,2,4`, `1K..128K` in powers of two. */
export interface CountsSpec extends ValueSpec<readonly number[]> {
  readonly type: 'counts';
  readonly from: number;
  readonly to: number;
}

/** A time, in milliseconds: 20s, 3m, 1.5h. */
export interface DurationSpec extends ValueSpec<number> {
  readonly type: 'duration';
}

export type OptionSpec =
  | FlagSpec
  | TextSpec
  | OptionalTextSpec
  | TextsSpec
  | ChoiceSpec
  | ChoicesSpec
  | NumberSpec
  | CountsSpec
  | DurationSpec;

/** Options by the name of their value in code: `nPredict` is `--n-predict` and `FLASHINF_N_PREDICT`. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

export interface ArgumentSpec {
  /** `<needed>` or `[optional]`. */
  readonly name: string;
  readonly help: string;
  readonly choices?: readonly string[];
  readonly completes?: 'file' | 'directory';
}

export interface CommandSpec {
  readonly name: string;
  readonly summary: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options: OptionTable;
  /** What help and the manual say besides. */
  readonly notes?: readonly Note[];
  /** Command lines that work as they stand, with what they do. */
  readonly examples: readonly (readonly [line: string, what: string])[];
}

export interface Note {
  readonly title: string;
  readonly text: string;
  /** Names and what they mean. */
  readonly list?: readonly (readonly [name: string, meaning: string])[];
}

type ValueOf<S extends OptionSpec> = S extends FlagSpec
  ? boolean
  : S extends NumberSpec | DurationSpec
    ? number
    : S extends CountsSpec
      ? readonly number[]
      : S extends TextsSpec
        ? readonly string[]
        : S extends OptionalTextSpec
          ? string | true
          : S extends ChoicesSpec
            ? readonly S['choices'][number][]
            : S extends ChoiceSpec
              ? S['choices'][number]
              : string;

type Certain<T extends OptionTable> = {
  [K in keyof T]: T[K] extends { default: unknown } | { required: true } | { negated: true } ? K : never;
}[keyof T];

/** What parsing a command line against a table gives. */
export type OptionValues<T extends OptionTable> = { readonly [K in Certain<T>]: ValueOf<T[K]> } & {
  readonly [K in Exclude<keyof T, Certain<T>>]?: ValueOf<T[K]>;
};

/** `nPredict` -> `n-predict`. */
export const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** `--n-predict`, or `--no-end-to-end`. */
export function longFlag(name: string, spec: OptionSpec): string {
  return `--${spec.type === 'flag' && spec.negated ? 'no-' : ''}${kebab(name)}`;
}

/** Every way to write the option: `--n-predict`, `--max-tokens`, `-n`. */
export function spellings(name: string, spec: OptionSpec): string[] {
  return [
    longFlag(name, spec),
    ...(spec.aliases ?? []).map((alias) => `--${kebab(alias)}`),
    ...(spec.short === undefined ? [] : [`-${spec.short}`]),
  ];
}

/** The option's twin in the environment: `FLASHINF_N_PREDICT`. */
export function twin(name: string, spec: OptionSpec): string {
  return `FLASHINF_${longFlag(name, spec).slice(2).replaceAll('-', '_').toUpperCase()}`;
}

/** How the value is written: `<n>`, `[file]`, or nothing. */
export function placeholder(spec: OptionSpec): string {
  if (spec.type === 'flag') return '';
  return spec.type === 'optional text' ? `[${spec.value}]` : `<${spec.value}>`;
}

/** What a number may be, as a message says it. */
export function rangeOf({ type, from, above, to }: NumberSpec): string {
  const what = { integer: 'a whole number', number: 'a number', size: 'a size like 500M or 1.5G' }[type];
  if (above !== undefined) return `${what} above ${above}${to === undefined ? '' : `, at most ${to}`}`;
  if (from !== undefined)
    return to === undefined ? `${what} of at least ${from}` : `${what} from ${from} to ${to}`;
  return what;
}

/** Whether a value is one the option takes. */
export function accepts(
  { type, from = -Infinity, above = -Infinity, to = Infinity }: NumberSpec,
  value: number,
): boolean {
  return (
    Number.isFinite(value) &&
    (type !== 'integer' || Number.isSafeInteger(value)) &&
    value >= from &&
    value > above &&
    value <= to
  );
}

/** Bytes of a size like 500M or 1.5GiB; NaN if it is none. */
export function parseSize(text: string): number {
  const [, number, unit = ''] = /^(\d+\.?\d*|\.\d+)([kmgt]?)(?:i?b)?$/i.exec(text) ?? [];
  return number === undefined
    ? NaN
    : Math.floor(Number(number) * 1024 ** ' kmgt'.indexOf(unit.toLowerCase() || ' '));
}

/** Numbers of a list like 128K, 1,2,4 or 1K..128K; undefined if it is none, or a number is out of range. */
export function parseCounts(text: string, { from, to }: CountsSpec): number[] | undefined {
  const counts = text.split(',').flatMap((part) => {
    const ends = part.split('..').map(parseCount);
    const [first, last = first] = ends;
    if (ends.length > 2 || Number.isNaN(first) || Number.isNaN(last)) return NaN;
    const range: number[] = [];
    // Nothing below 1 doubles its way up.
    for (let count = first; count >= 1 && count <= last && count <= to; count *= 2) range.push(count);
    return last > to || range.length === 0 ? NaN : range;
  });
  return counts.every((count) => count >= from && count <= to) ? counts : undefined;
}

/** 131072, 128K or 1M. */
function parseCount(text: string): number {
  const [, digits, unit = ''] = /^(\d+)([kmg]?)$/i.exec(text) ?? [];
  return digits === undefined ? NaN : Number(digits) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ');
}

/** Milliseconds of a time like 20s or 3m; NaN if it is none above zero. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d+\.?\d*|\.\d+)(ms|s|m|h)$/.exec(text) ?? [];
  const ms = Number(number) * { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[unit as 'ms' | 's' | 'm' | 'h'];
  return ms > 0 ? ms : NaN;
}

/** The default as help shows it; undefined where there is nothing to say. */
export function defaultText(spec: OptionSpec): string | undefined {
  if (spec.type === 'flag') return undefined;
  return spec.defaultText ?? (spec.default === undefined ? undefined : String(spec.default));
}

/** A command line and what comes of it, and what the tables of them are written with. */
import type { TextShape } from '../../../src/generation/text.js';

/** stdout is what the library generates for a prompt (of the folder's bundle `bytes`), 8 tokens with seed 1. */
interface Text {
  readonly text: TextShape & { readonly prompt?: string; readonly before?: string };
}

/** stdout is one JSON value, or one per line, with at least these fields. */
interface Parsed {
  readonly json: object;
}
interface ParsedLines {
  readonly lines: readonly object[];
}

export interface Case {
  /** Separated by spaces. */
  readonly line: string;
  readonly input?: string | Uint8Array;
  /** Without `input`: it looks there, and finds nothing. */
  readonly readsStdin?: true;
  readonly env?: Readonly<Record<string, string>>;
  /** Sent as soon as there is something on stdout. */
  readonly signal?: NodeJS.Signals;
  /** Where stdout goes. */
  readonly to?: string;
  /** Default: 0. */
  readonly code?: number;
  /** Default: nothing. */
  readonly stdout?: string | RegExp | Text | Parsed | ParsedLines;
  /** Default: nothing. */
  readonly stderr?: string | RegExp;
  /** What it leaves in files. */
  readonly files?: Readonly<Record<string, RegExp>>;
}

export const GENERATE = 'generate -m bytes -n 8 -s 1';
export const ONCE = `${GENERATE} -p once`;
export const USAGE = /^Usage: flashinf /;
export const JSON_OBJECT = /^\{\n[^]*\n\}\n$/;
export const TABLE = /^\| position +\| +tokens \|/;
/** One line, and no more. */
export const error = (text: string): RegExp => new RegExp(`^error: [^\\n]*${text}[^\\n]*\\n$`);

/** With `--verbose`: where it comes from, too. */
export const traced = (name: string): RegExp => new RegExp(`^error: ${name}: [^]*\\n\\s+at `);

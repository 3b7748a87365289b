/** DNA as people have it, in the letters that a vocabulary of DNA has. */
import { TextError } from './tokenizer.js';

/** Letters that stand for several bases (IUPAC), but for N. */
const AMBIGUOUS = /[RYSWKMBDHV]/g;

/** What was made of a sequence. */
export interface Letters {
  readonly text: string;
  /** Bases that were in lower case: soft-masked. */
  readonly masked: number;
  /** U for T: RNA. */
  readonly uracil: number;
  /** IUPAC codes that became N. */
  readonly ambiguous: number;
}

/** How letters are made. */
export interface LetterOptions {
  /** Take IUPAC's codes for several bases as N. */
  readonly ambiguousAsN?: boolean | undefined;
}

/**
 * Lower case as upper case, U as T. Throws a TextError that names the first base, counted from 1, that is none: what to do
 * about it is part of the message.
 */
export function toLetters(sequence: string, { ambiguousAsN = false }: LetterOptions = {}): Letters {
  if (/^[ACGTN]*$/.test(sequence)) return { text: sequence, masked: 0, uracil: 0, ambiguous: 0 };
  const odd = sequence.search(ambiguousAsN ? /[^ACGTUNRYSWKMBDHV]/i : /[^ACGTUN]/i);
  if (odd >= 0) {
    const got = String.fromCodePoint(sequence.codePointAt(odd)!);
    const hint = hintOn(got.toUpperCase());
    throw new TextError(`base ${odd + 1}: expected A, C, G, T or N, got ${JSON.stringify(got)}${hint}`);
  }
  const upper = sequence.toUpperCase();
  return {
    text: upper.replaceAll('U', 'T').replace(AMBIGUOUS, 'N'),
    masked: count(sequence, /[a-z]/g),
    uracil: count(upper, /U/g),
    ambiguous: count(upper, AMBIGUOUS),
  };
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

function hintOn(character: string): string {
  if (/[RYSWKMBDHV]/.test(character)) return ' (--ambiguous-as-n takes IUPAC codes as N)';
  if (/[-.*]/.test(character)) return " (gaps? tr -d '.*-' removes them)";
  if (character === '>') return ' (FASTA has > at the beginning of a line)';
  if (character === '\n' || character === '\r') return " (tr -d '\\r\\n' joins lines)";
  if (character === ' ' || character === '\t') return " (tr -d ' \\t' removes spaces)";
  return '';
}

const COMPLEMENT: Readonly<Record<string, string>> = { A: 'T', C: 'G', G: 'C', T: 'A', N: 'N' };

/** The other strand, read in its own direction. */
export function reverseComplement(sequence: string): string {
  let out = '';
  for (let k = sequence.length - 1; k >= 0; k--) out += COMPLEMENT[sequence[k]];
  return out;
}

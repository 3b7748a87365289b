import { Gathered } from './gathered.js';
import { withoutReturn } from './pieces.js';
import { type Parser, RecordError, type TextRecord } from './record.js';

const HEADER = 0x3e; // >
const COMMENT = 0x3b; // ;
/** Bytes of a header that are kept. */
const LONGEST_HEADER = 1 << 12;

/** FASTA: a header `>name description`, then the sequence in any number of lines. White space in it is none of it. */
export class FastaParser implements Parser {
  private readonly header = new Gathered(LONGEST_HEADER);
  private readonly sequence: Gathered;
  private inside: 'header' | 'comment' | 'sequence' = 'sequence';
  private current: Omit<TextRecord, 'content'> | undefined;
  private count = 0;
  private line = 0;

  /** @param longest bytes of a sequence */
  constructor(private readonly longest: number) {
    this.sequence = new Gathered(longest);
  }

  *piece(bytes: Uint8Array, first: boolean, last: boolean): Generator<TextRecord> {
    if (first) {
      this.line++;
      this.inside = bytes[0] === HEADER ? 'header' : bytes[0] === COMMENT ? 'comment' : 'sequence';
      if (this.inside === 'header') {
        yield* this.end();
        bytes = bytes.subarray(1);
      }
    }
    if (this.inside === 'sequence') this.sequence.add(withoutSpace(bytes));
    if (this.inside !== 'header') return;
    // What is beyond the limit is no part of the name.
    if (this.header.length < LONGEST_HEADER) {
      this.header.add(bytes.subarray(0, LONGEST_HEADER - this.header.length));
    }
    if (!last) return;
    const [name] = withoutReturn(this.header.take()).toString('utf8').trim().split(/\s/, 1);
    this.current = { number: ++this.count, line: this.line, name: name || undefined };
  }

  *end(): Generator<TextRecord> {
    const { current, sequence, longest } = this;
    if (current === undefined) return;
    this.current = undefined;
    const { length, fits } = sequence;
    const bytes = sequence.take();
    const content = !fits
      ? new RecordError(`its ${length} bases are more than the ${longest} that fit`)
      : length === 0
        ? new RecordError('it has no sequence')
        : bytes.toString('utf8');
    yield { ...current, content };
  }
}

const SPACE = /[ \t\r]/g;

function withoutSpace(bytes: Uint8Array): Uint8Array {
  if (!bytes.some((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d)) return bytes;
  return Buffer.from(Buffer.from(bytes).toString('latin1').replace(SPACE, ''), 'latin1');
}

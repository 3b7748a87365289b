import type { Parser, TextRecord } from './record.js';

const NEWLINE = 0x0a;
const BYTE_ORDER_MARK = Buffer.from('\ufeff');

/** Cuts bytes into lines, without their line ends, and hands these to a parser, piece by piece: a line may be as long as a file. */
export class Lines {
  private first = true;

  constructor(private readonly parser: Parser) {}

  *push(chunk: Uint8Array): Generator<TextRecord> {
    let from = 0;
    for (let to; (to = chunk.indexOf(NEWLINE, from)) >= 0; from = to + 1) {
      yield* this.parser.piece(chunk.subarray(from, to), this.first, true);
      this.first = true;
    }
    if (from === chunk.length) return;
    yield* this.parser.piece(chunk.subarray(from), this.first, false);
    this.first = false;
  }

  *end(): Generator<TextRecord> {
    if (!this.first) yield* this.parser.piece(new Uint8Array(0), false, true);
    yield* this.parser.end();
  }
}

/** A file's first chunk without the mark that some editors begin it with. */
export function withoutMark(chunk: Uint8Array): Uint8Array {
  return BYTE_ORDER_MARK.equals(chunk.subarray(0, 3)) ? chunk.subarray(3) : chunk;
}

/** Without the carriage return of a line end of two characters. */
export function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

/** What separates words, and nothing else. */
export const isBlank = (line: Uint8Array): boolean =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);

import { Gathered } from './gathered.js';
import { type Parser, RecordError, type TextRecord } from './record.js';

const NEWLINE = Uint8Array.of(0x0a);

/** All of a file as one text, but for one line end that it ends with. */
export class WholeTextParser implements Parser {
  private readonly text: Gathered;

  /** @param longest bytes */
  constructor(private readonly longest: number) {
    this.text = new Gathered(longest + 2);
  }

  piece(bytes: Uint8Array, _first: boolean, last: boolean): Iterable<TextRecord> {
    this.text.add(bytes);
    if (last) this.text.add(NEWLINE);
    return [];
  }

  *end(): Generator<TextRecord> {
    const { length, fits } = this.text;
    const text = this.text
      .take()
      .toString('utf8')
      .replace(/\r?\n$/, '');
    if (fits && text === '') return;
    const odd = new RecordError(`${length} bytes are more than the ${this.longest} that fit`);
    yield { number: 1, line: 1, content: fits ? text : odd };
  }
}

import { Gathered } from './gathered.js';
import { isBlank, withoutReturn } from './pieces.js';
import { type Parser, RecordError, type TextRecord } from './record.js';

/** A line that is there, or what is wrong with it. */
type Line = Buffer | RecordError;

/** For files whose lines are bounded: hands whole ones on, without their line ends. */
export abstract class LineParser implements Parser {
  private readonly gathered: Gathered;
  /** The line's number, from 1. */
  protected line = 0;

  /** @param longest bytes of a line */
  constructor(private readonly longest: number) {
    this.gathered = new Gathered(longest);
  }

  *piece(bytes: Uint8Array, first: boolean, last: boolean): Generator<TextRecord> {
    if (first) this.line++;
    this.gathered.add(bytes);
    if (!last) return;
    const { length, fits } = this.gathered;
    const line = withoutReturn(this.gathered.take());
    const odd = new RecordError(`${length} bytes are more than the ${this.longest} that fit`);
    yield* this.whole(fits ? line : odd);
  }

  end(): Iterable<TextRecord> {
    return [];
  }

  protected abstract whole(line: Line): Iterable<TextRecord>;
}

/** A record in each line that is not blank. */
export class PlainParser extends LineParser {
  private count = 0;

  protected *whole(line: Line): Generator<TextRecord> {
    if (line instanceof Buffer && isBlank(line)) return;
    const content = line instanceof RecordError ? line : line.toString('utf8');
    yield { number: ++this.count, line: this.line, content };
  }
}

const NAME = 0x40; // @
const PLUS = 0x2b; // +

/** FASTQ: four lines each, `@name`, the sequence, `+`, and a quality for each base, which is not used. */
export class FastqParser extends LineParser {
  private count = 0;
  private lines: Line[] = [];

  protected *whole(line: Line): Generator<TextRecord> {
    if (this.lines.length === 0 && line instanceof Buffer && isBlank(line)) return;
    this.lines.push(line);
    if (this.lines.length === 4) yield* this.end();
  }

  override *end(): Generator<TextRecord> {
    const { lines } = this;
    if (lines.length === 0) return;
    this.lines = [];
    const [header] = lines;
    const named = header instanceof Buffer && header[0] === NAME;
    const name = named ? header.toString('utf8', 1).split(/\s/, 1)[0] : '';
    const number = ++this.count;
    yield { number, line: this.line - lines.length + 1, name: name || undefined, content: contentOf(lines) };
  }
}

function contentOf(lines: readonly Line[]): string | RecordError {
  const odd = lines.find((line) => line instanceof RecordError);
  if (odd !== undefined) return odd;
  const [header, sequence, plus, quality] = lines as readonly Buffer[];
  if (header[0] !== NAME) return new RecordError(`expected @ and a name, got ${shown(header)}`);
  if (lines.length < 4) return new RecordError('expected four lines, and the file ends');
  if (plus[0] !== PLUS) return new RecordError(`expected + in its third line, got ${shown(plus)}`);
  if (quality.length !== sequence.length) {
    return new RecordError(`${sequence.length} bases, and ${quality.length} qualities`);
  }
  return sequence.length === 0 ? new RecordError('it has no sequence') : sequence.toString('utf8');
}

const shown = (line: Buffer): string => JSON.stringify(line.toString('utf8').slice(0, 20));

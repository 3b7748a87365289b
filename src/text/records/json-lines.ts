import { isArray, isObject, type Json, parseJson } from '../../format/index.js';
import { isBlank } from './pieces.js';
import { RecordError, type TextRecord } from './record.js';
import { LineParser } from './whole-lines.js';

/** What a line may call its text or its tokens, and what it may call itself. */
const TEXT = ['prompt', 'text', 'sequence', 'seq'];
const IDS = ['ids', 'tokens'];
const NAMES = ['id', 'name'];

/** An object in each line: a text or token ids, and a name. What else it holds is somebody else's. */
export class JsonLinesParser extends LineParser {
  private count = 0;

  protected *whole(line: Buffer | RecordError): Generator<TextRecord> {
    if (line instanceof Buffer && isBlank(line)) return;
    const place = { number: ++this.count, line: this.line };
    if (line instanceof RecordError) {
      yield { ...place, content: line };
      return;
    }
    let name: string | undefined;
    try {
      const json = parse(line);
      name = nameOf(json);
      yield { ...place, name, content: contentOf(json) };
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      yield { ...place, name, content: error };
    }
  }
}

function parse(line: Buffer): ReadonlyMap<string, Json> {
  let json: Json;
  try {
    json = parseJson(line, 'line', '', true);
  } catch (error) {
    throw new RecordError((error as Error).message);
  }
  if (!isObject(json)) throw new RecordError('expected an object');
  return json;
}

/** Numbers of any length come back as they are. */
function nameOf(json: ReadonlyMap<string, Json>): string | undefined {
  for (const key of NAMES) {
    const name = json.get(key) ?? undefined;
    if (typeof name === 'string' || typeof name === 'number' || typeof name === 'bigint') return String(name);
    if (name !== undefined) throw new RecordError(`${key}: expected a text or a number`);
  }
  return undefined;
}

function contentOf(json: ReadonlyMap<string, Json>): string | readonly number[] {
  for (const key of [...TEXT, ...IDS]) {
    const value = json.get(key) ?? undefined;
    if (value === undefined) continue;
    if (typeof value === 'string' && TEXT.includes(key)) return value;
    if (areIds(value)) return value;
    throw new RecordError(`${key}: expected ${TEXT.includes(key) ? 'a text or ' : ''}a list of token ids`);
  }
  throw new RecordError(`expected one of ${TEXT.join(', ')}, or ${IDS.join(', ')}`);
}

/** Whether a value is a list of token ids, of whatever vocabulary. */
export function areIds(value: Json): value is readonly number[] {
  return isArray(value) && value.every((id) => typeof id === 'number' && Number.isSafeInteger(id) && id >= 0);
}

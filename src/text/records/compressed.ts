/** Files that are compressed, told by how they begin. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { RecordsError } from './record.js';

type Chunks = AsyncIterable<Uint8Array>;

/** What is not unpacked here, and what does it. */
const OTHERS: readonly (readonly [begins: readonly number[], what: string, recipe: string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], 'Zstandard', 'zstd -dc'],
  [[0x42, 0x5a, 0x68], 'bzip2', 'bzip2 -dc'],
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a], 'xz', 'xz -dc'],
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive', 'unzip -p'],
];

/** As many bytes at least as say what a file is, if it has as many. */
const ENOUGH = 512;

/** The bytes of a file that may be compressed by gzip or bgzip, unpacked as they come. Throws a RecordsError. */
export async function* unpacked(chunks: Chunks): AsyncGenerator<Uint8Array, void, void> {
  const { head, rest } = await begun(chunks);
  const begins = (bytes: readonly number[]): boolean => bytes.every((byte, k) => head[k] === byte);
  const other = OTHERS.find(([bytes]) => begins(bytes));
  if (other !== undefined) throw new RecordsError(`it is ${other[1]}: \`${other[2]}\` unpacks it`);
  const all = joined(head, rest);
  if (!begins([0x1f, 0x8b])) {
    yield* all;
    return;
  }
  const gunzip = createGunzip();
  const source = Readable.from(all, { objectMode: false });
  let failure: Error | undefined;
  source.once('error', (error) => {
    failure = error;
    gunzip.destroy(error);
  });
  source.pipe(gunzip);
  try {
    yield* gunzip as Chunks;
  } catch (error) {
    // What the reader of the file throws is no matter of its contents.
    if (failure !== undefined) throw failure;
    throw new RecordsError(`it is not valid gzip: ${(error as Error).message}`);
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

/** The beginning of a file, and what follows it. */
export async function begun(chunks: Chunks): Promise<{ head: Buffer; rest: AsyncIterator<Uint8Array> }> {
  const rest = chunks[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < ENOUGH) {
    const next = await rest.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, rest };
}

/** Both, one after the other. */
export async function* joined(
  head: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (head.length > 0) yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

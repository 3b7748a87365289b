/**
 * Zip archives as PyTorch writes them: nothing compressed, so that a tensor's bytes lie in the file as they
 * are. The archive is read from its end: the end record gives the place of the central directory, and that
 * the place, size and checksum of every entry (64-bit forms of both included). An archive is validated before
 * anything the size of an entry is allocated.
 */
import { BundleError, FileBytes } from '../format/index.js';
import { crc32 } from './crc32.js';

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const END_BYTES = 22;
const END64_BYTES = 56;
const LOCATOR_BYTES = 20;
/** The end record closes with a comment of up to 65,535 bytes. */
const LONGEST_TAIL = END_BYTES + 0xffff;
/** A checkpoint has an entry per tensor: some thousands, of some hundred bytes each. */
const LONGEST_DIRECTORY = 1 << 24;
/** Bytes summed at a time of an entry that is not read as a whole. */
const STRETCH = 1 << 20;
/** Extra field that holds what 32 bits do not. */
const ZIP64_FIELD = 1;
const FULL = 0xffffffff;
const ENCRYPTED = 1;

interface Entry {
  /** In bytes; equal to the size in the archive, as nothing is compressed. */
  readonly size: number;
  readonly crc: number;
  /** Where the local header starts. */
  readonly header: number;
  /** The first byte that cannot be this entry's any more. */
  readonly end: number;
}

export class ZipFile {
  /** Entries whose checksum is known to be right. */
  private readonly verified = new Set<string>();
  /** Whether there are checksums: PyTorch can be told to write 0 for all of them. */
  private readonly summed: boolean;

  private constructor(
    private readonly bytes: FileBytes,
    private readonly entries: ReadonlyMap<string, Entry>,
  ) {
    this.summed = [...entries.values()].some(({ crc }) => crc !== 0);
  }

  /** Opens and validates an archive. Throws BundleError. */
  static open(file: string): ZipFile {
    const bytes = FileBytes.open(file, 'a readable zip archive');
    try {
      return new ZipFile(bytes, readDirectory(bytes));
    } catch (error) {
      bytes.close();
      throw error;
    }
  }

  get file(): string {
    return this.bytes.file;
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** Bytes of an entry; undefined if there is none of this name. */
  size(name: string): number | undefined {
    return this.entries.get(name)?.size;
  }

  /** Bytes of an entry, all of them unless a part is asked for. The whole is held against its checksum once. */
  read(name: string, start = 0, length?: number): Uint8Array<ArrayBuffer> {
    const entry = this.entries.get(name) ?? this.fail(name, 'an entry', 'none');
    const from = this.dataStart(name, entry);
    const wanted = length ?? entry.size - start;
    if (!(start + wanted <= entry.size)) this.fail(name, `${wanted} bytes from ${start}`, `${entry.size}`);
    const whole = wanted === entry.size;
    if (!whole) this.verify(name, entry, from);
    const content = this.bytes.read(from + start, wanted);
    if (whole) this.verify(name, entry, from, content);
    return content;
  }

  close(): void {
    this.bytes.close();
  }

  /** @param content the whole entry, where it is in memory anyway */
  private verify(name: string, entry: Entry, from: number, content?: Uint8Array): void {
    if (!this.summed || this.verified.has(name)) return;
    let crc = 0;
    if (content !== undefined) crc = crc32(content);
    for (let at = 0; content === undefined && at < entry.size; at += STRETCH) {
      crc = crc32(this.bytes.read(from + at, Math.min(STRETCH, entry.size - at)), crc);
    }
    if (crc !== entry.crc) this.fail(name, `checksum ${hex(entry.crc)}`, hex(crc));
    this.verified.add(name);
  }

  /** The local header repeats the entry's name, and may be padded so that the data is aligned. */
  private dataStart(name: string, { header, size, end }: Entry): number {
    const local = viewOf(this.bytes.read(header, LOCAL_BYTES));
    if (local.getUint32(0, true) !== LOCAL) this.fail(name, `a local header at byte ${header}`, 'none');
    const nameBytes = local.getUint16(26, true);
    const start = header + LOCAL_BYTES + nameBytes + local.getUint16(28, true);
    if (start + size > end) this.fail(name, `data that ends by byte ${end}`, `byte ${start + size}`);
    const repeated = utf8(this.bytes.read(header + LOCAL_BYTES, nameBytes));
    if (repeated !== name) this.fail(name, 'the same name in its local header', JSON.stringify(repeated));
    return start;
  }

  private fail(field: string, expected: string, got: string): never {
    throw new BundleError({ file: this.bytes.file, field, expected, got });
  }
}

interface DirectoryPlace {
  readonly entries: number;
  readonly start: number;
  readonly size: number;
}

function readDirectory(bytes: FileBytes): Map<string, Entry> {
  const fail = (field: string, expected: string, got: string): never => {
    throw new BundleError({ file: bytes.file, field, expected, got });
  };
  const { entries: count, start, size } = findDirectory(bytes);
  if (size > LONGEST_DIRECTORY) fail('central directory', `at most ${LONGEST_DIRECTORY} bytes`, `${size}`);
  const directory = bytes.read(start, size);
  const view = viewOf(directory);
  const found = new Map<string, Omit<Entry, 'end'>>();
  let at = 0;
  while (at < size) {
    const where = `central directory, byte ${start + at}`;
    if (at + CENTRAL_BYTES > size || view.getUint32(at, true) !== CENTRAL) fail(where, 'an entry', 'none');
    const nameEnd = at + CENTRAL_BYTES + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const end = extraEnd + view.getUint16(at + 32, true);
    if (end > size) fail(where, 'an entry', 'part of one');
    const name =
      utf8(directory.subarray(at + CENTRAL_BYTES, nameEnd)) ?? fail(where, 'a name in UTF-8', 'none');
    if (name === '' || found.has(name)) fail(where, 'names, each once', JSON.stringify(name));
    if (view.getUint16(at + 8, true) & ENCRYPTED) fail(name, 'an entry in the clear', 'an encrypted one');
    const method = view.getUint16(at + 10, true);
    if (method !== 0) fail(name, 'an entry stored as it is', `one compressed by method ${method}`);
    const wide = readWide(view, at, nameEnd, extraEnd) ?? fail(name, 'a whole zip64 field', 'part of one');
    if (wide.size !== wide.stored) fail(name, `${wide.size} bytes in the archive`, `${wide.stored}`);
    found.set(name, { size: wide.size, crc: view.getUint32(at + 16, true), header: wide.header });
    at = end;
  }
  if (found.size !== count) fail('central directory', `${count} entries`, `${found.size}`);
  return withEnds(bytes.file, found, start);
}

/** No entry may reach into the next: each ends where the next begins, the last before the directory. */
function withEnds(
  file: string,
  found: ReadonlyMap<string, Omit<Entry, 'end'>>,
  directory: number,
): Map<string, Entry> {
  const sorted = [...found].sort(([, a], [, b]) => a.header - b.header);
  const entries = new Map<string, Entry>();
  sorted.forEach(([name, entry], i) => {
    const end = i + 1 < sorted.length ? sorted[i + 1][1].header : directory;
    const least = LOCAL_BYTES + entry.size;
    if (!(entry.header + least <= end)) {
      const expected = `${least} bytes up to byte ${end}`;
      throw new BundleError({ file, field: name, expected, got: `a start at byte ${entry.header}` });
    }
    entries.set(name, { ...entry, end });
  });
  return entries;
}

/** Sizes and place of an entry, from the 64-bit field where they do not fit 32 bits. */
function readWide(
  view: DataView,
  at: number,
  extra: number,
  extraEnd: number,
): { size: number; stored: number; header: number } | undefined {
  const narrow = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
  let field: number | undefined;
  let fieldEnd = extra;
  for (let i = extra; i + 4 <= extraEnd; i = fieldEnd) {
    fieldEnd = i + 4 + view.getUint16(i + 2, true);
    if (fieldEnd > extraEnd) return undefined;
    if (view.getUint16(i, true) === ZIP64_FIELD) {
      field = i + 4;
      break;
    }
  }
  const wide: number[] = [];
  for (const value of narrow) {
    if (value !== FULL) {
      wide.push(value);
      continue;
    }
    if (field === undefined || field + 8 > fieldEnd) return undefined;
    wide.push(integer64(view, field));
    field += 8;
  }
  const [size, stored, header] = wide;
  return { size, stored, header };
}

/** Finds the central directory by the record at the file's end. */
function findDirectory(bytes: FileBytes): DirectoryPlace {
  const fail = (expected: string, got: string): never => {
    throw new BundleError({ file: bytes.file, expected, got });
  };
  const tailStart = Math.max(0, bytes.size - LONGEST_TAIL);
  const tail = viewOf(bytes.read(tailStart, bytes.size - tailStart));
  let at = tail.byteLength - END_BYTES;
  // Backwards, over a comment: the record's last field is the comment's length, which must reach the file's end.
  while (at >= 0 && !isEnd(tail, at)) at--;
  if (at < 0) fail('a zip archive', 'no end record: cut short, or something else');
  const end = tailStart + at;
  const disks = tail.getUint16(at + 4, true);
  let place: DirectoryPlace = {
    entries: tail.getUint16(at + 10, true),
    size: tail.getUint32(at + 12, true),
    start: tail.getUint32(at + 16, true),
  };
  const wide = findWide(bytes, end);
  if (wide !== undefined) place = wide;
  else if (disks !== 0) fail('an archive in one part', `part ${disks}`);
  if (!(place.start + place.size <= end)) {
    fail(`a central directory before byte ${end}`, `bytes ${place.start} to ${place.start + place.size}`);
  }
  return place;
}

function isEnd(tail: DataView, at: number): boolean {
  return (
    tail.getUint32(at, true) === END && at + END_BYTES + tail.getUint16(at + 20, true) === tail.byteLength
  );
}

/** The 64-bit end record, if a locator stands before the plain one. */
function findWide(bytes: FileBytes, end: number): DirectoryPlace | undefined {
  if (end < LOCATOR_BYTES) return undefined;
  const locator = viewOf(bytes.read(end - LOCATOR_BYTES, LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== END64_LOCATOR) return undefined;
  const at = integer64(locator, 8);
  const record = at + END64_BYTES <= bytes.size ? viewOf(bytes.read(at, END64_BYTES)) : undefined;
  if (record?.getUint32(0, true) !== END64) {
    throw new BundleError({ file: bytes.file, expected: `a 64-bit end record at byte ${at}`, got: 'none' });
  }
  return {
    entries: integer64(record, 32),
    size: integer64(record, 40),
    start: integer64(record, 48),
  };
}

/** Past 2^53 it is no longer exact, but it is then no place in a file either. */
function integer64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}

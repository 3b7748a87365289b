/** A file read by position, never as a whole. Every failure is a BundleError. */
import { closeSync, openSync, readSync, statSync, type Stats } from 'node:fs';
import { BundleError } from './errors.js';

/** The system reads no more than 2 GiB in one call. */
const MOST_AT_ONCE = 1 << 30;

export class FileBytes {
  /** Bytes of a file that is open; `close` closes it. */
  constructor(
    readonly file: string,
    readonly descriptor: number,
    /** In bytes. */
    readonly size: number,
  ) {}

  /** @param expected what the file should be, for the error when it cannot be read */
  static open(file: string, expected: string): FileBytes {
    let descriptor: number;
    let stats: Stats;
    try {
      // Before opening: a pipe would wait for a writer.
      stats = statSync(file);
      if (!stats.isFile()) throw new BundleError({ file, expected: 'a regular file', got: 'something else' });
      descriptor = openSync(file, 'r');
    } catch (error) {
      if (error instanceof BundleError) throw error;
      const { code } = error as NodeJS.ErrnoException;
      const got = code === 'ENOENT' ? 'nothing there' : String(code);
      throw new BundleError({ file, expected, got }, { cause: error });
    }
    return new FileBytes(file, descriptor, stats.size);
  }

  /** A fresh buffer of exactly these bytes. A range past the end is refused before it is allocated. */
  read(position: number, length: number): Uint8Array<ArrayBuffer> {
    if (position + length > this.size) this.fail(position, length, this.size);
    const bytes = this.allocate(length);
    for (let done = 0; done < length;) {
      const read = readSync(
        this.descriptor,
        bytes,
        done,
        Math.min(MOST_AT_ONCE, length - done),
        position + done,
      );
      if (read === 0) this.fail(position, length, position + done);
      done += read;
    }
    return bytes;
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private allocate(length: number): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(length);
    } catch (error) {
      const expected = 'no part larger than memory';
      throw new BundleError({ file: this.file, expected, got: `${length} bytes` }, { cause: error });
    }
  }

  private fail(position: number, length: number, end: number): never {
    const expected = `${length} bytes from byte ${position}`;
    throw new BundleError({ file: this.file, expected, got: `its end at byte ${end}` });
  }
}

/** A small file as a whole, refused beforehand if it is longer than `longest` bytes. */
export function readSmallFile(file: string, expected: string, longest: number): Uint8Array {
  const bytes = FileBytes.open(file, expected);
  try {
    if (bytes.size > longest) {
      throw new BundleError({
        file,
        expected: `${expected} of at most ${longest} bytes`,
        got: `${bytes.size}`,
      });
    }
    return bytes.read(0, bytes.size);
  } finally {
    bytes.close();
  }
}

/** What people have in place of a weights file when a download went wrong, or when they took another one. */
export function recognise(first: Uint8Array): string | undefined {
  const text = new TextDecoder('latin1').decode(first);
  if (text.startsWith('version https://git-lfs')) return 'a Git LFS pointer: fetch the file itself';
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) return 'a web page';
  if (text.startsWith('\x1f\x8b')) return 'a gzip archive';
  if (text.startsWith('PK\x03\x04')) return 'a zip archive, such as a PyTorch checkpoint';
  if (text.startsWith('GGUF')) return 'a GGUF file: import the checkpoint it was made of';
  if (text.startsWith('\x89HDF')) return 'an HDF5 file: save the weights with torch.save or as safetensors';
  if (text.startsWith('\x93NUMPY'))
    return 'a NumPy array: save the weights with torch.save or as safetensors';
  if (first[0] === 0x80 && first[1] >= 2 && first[1] <= 5) {
    return 'a bare pickle: save the weights with torch.save';
  }
  return undefined;
}

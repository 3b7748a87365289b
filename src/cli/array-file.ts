/** Arrays on their way to a file: rows one after another, how many nobody knows before the end. */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { safetensorsHeader } from '../checkpoint/index.js';
import { replaceFile } from '../format/index.js';

/** What arrays can be written as. */
export const ARRAY_FORMATS = ['.npy', '.safetensors'] as const;
export type ArrayFormat = (typeof ARRAY_FORMATS)[number];

/** The format that a file's name asks for. */
export function arrayFormatOf(file: string): ArrayFormat | undefined {
  return ARRAY_FORMATS.find((format) => extname(file) === format);
}

/** An array in the file. */
interface Entry {
  readonly name: string;
  readonly shape: readonly number[];
}

const COPIED = 1 << 20;

/** Collects float32 values beside the file they are for, and puts header and values in its place when they are all there. */
export class ArrayFile {
  private readonly folder: string;
  private readonly values: number;

  constructor(private readonly file: string) {
    this.folder = mkdtempSync(join(dirname(file), '.flashinf-values-'));
    this.values = openSync(join(this.folder, 'values'), 'wx+', 0o600);
  }

  add(values: Float32Array): void {
    writeAll(this.values, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }

  /** Writes the file: the arrays lie in it in the order in which their values came. */
  finish(arrays: readonly Entry[], metadata: Readonly<Record<string, string>>): void {
    const header =
      arrayFormatOf(this.file) === '.npy'
        ? npyHeader(arrays[0].shape)
        : safetensorsHeader(
            arrays.map(({ name, shape }) => [name, { shape }] as const),
            metadata,
          );
    replaceFile(this.file, (to) => {
      writeAll(to, header);
      const buffer = new Uint8Array(COPIED);
      for (let at = 0, read; (read = readSync(this.values, buffer, 0, COPIED, at)) > 0; at += read) {
        writeAll(to, buffer.subarray(0, read));
      }
    });
  }

  close(): void {
    closeSync(this.values);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function writeAll(to: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += writeSync(to, bytes, done);
}

/** NumPy's format, version 1.0: float32, little endian, rows first. The header ends at a multiple of 64 bytes. */
function npyHeader(shape: readonly number[]): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, ' ');
  header.write('\x93NUMPY\x01\x00', 'latin1');
  header.writeUInt16LE(length, 8);
  header.write(text, 10, 'latin1');
  header.write('\n', header.length - 1, 'latin1');
  return header;
}

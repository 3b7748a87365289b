/** What a weights file must hold: the bytes that were written, and finite numbers. */
import { createHash } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { BundleError, type BundleProblem, type FileBytes } from '../format/index.js';
import { built } from '../webassembly/index.js';

/** Bytes read and checked at a time. */
export const CHUNK = 1 << 20;

/** Float32 values of a tensor. */
export interface Floats {
  /** Names them in errors. */
  readonly field: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Bytes of a file. */
export type ReadBytes = (from: number, length: number) => Uint8Array;

type Source = Pick<FileBytes, 'file' | 'size'> & { readonly read: ReadBytes };

/** Holds a file to its hash. Throws BundleError. */
export function checkHash({ file, size, read }: Source, sha256: string): void {
  const hash = createHash('sha256');
  for (let at = 0; at < size; at += CHUNK) hash.update(read(at, Math.min(CHUNK, size - at)));
  const got = hash.digest('hex');
  if (got !== sha256) throw new BundleError({ file, field: 'sha256', expected: sha256, got });
}

/** Every one must be a number. Throws BundleError. */
export function checkFinite({ file, read }: Source, { field, offset, bytes }: Floats): void {
  for (let at = 0; at < bytes; at += CHUNK) {
    const chunk = read(offset + at, Math.min(CHUNK, bytes - at));
    // What lies behind a tensor of another type may begin anywhere.
    const words = chunk.byteOffset % 4 === 0 ? chunk : chunk.slice();
    const bits = new Uint32Array(words.buffer, words.byteOffset, words.length >> 2);
    for (let i = 0; i < bits.length; i++) {
      // The exponent's bits are all ones: infinite, or not a number.
      if ((bits[i] & 0x7f800000) !== 0x7f800000) continue;
      const got = String(new Float32Array(bits.buffer, bits.byteOffset, bits.length)[i]);
      throw new BundleError({ file, field, expected: 'finite numbers', got });
    }
  }
}

/** What the thread that checks is started with. */
export interface CheckStart {
  readonly file: string;
  /** Of the open file: threads share them. */
  readonly descriptor: number;
  readonly size: number;
  readonly sha256: string;
  readonly floats: readonly Floats[];
}

/** Made by scripts/build/bundle.js. */
const PROGRAM = built('bundle/checking.js');

/** Checks a file in a thread of its own. Rejects with a BundleError. The file must stay open until then. */
export async function checkAside(start: CheckStart): Promise<void> {
  const worker = new Worker(PROGRAM, { workerData: start, execArgv: [] });
  const problem = await new Promise<BundleProblem | null>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  if (problem !== null) throw new BundleError(problem);
}

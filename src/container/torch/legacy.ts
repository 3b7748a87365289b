/**
 * The form before PyTorch 1.6, still written with `_use_new_zipfile_serialization=False`: five pickles (a magic
 * number, a version, facts about the system, the object, the storages' keys), then each storage in the order of
 * its key: the number of its elements, 64 bits, and the elements.
 */
import { BundleError, FileBytes } from '../../format/index.js';
import { ELEMENTS } from '../element.js';
import { readPickle } from '../pickle/machine.js';
import type { Pickled } from '../pickle/values.js';
import { LONGEST_PICKLE } from './archive.js';
import type { TorchForm } from './torch-file.js';

/** The number 0x1950a86a20f9469cfc6c as the first pickle has it, right at the beginning. */
const MAGIC = Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex');
const MAGIC_WITHIN = 32;
const VERSION = 1001;
const COUNT_BYTES = 8;

/** Whether a file that begins so is one. */
export function isLegacy(first: Uint8Array): boolean {
  return Buffer.from(first.subarray(0, MAGIC_WITHIN)).includes(MAGIC);
}

/** Throws BundleError. */
export function openLegacy(file: string): TorchForm {
  const bytes = FileBytes.open(file, 'a readable PyTorch checkpoint');
  const fail = (field: string, expected: string, got: string): never => {
    throw new BundleError({ file, field, expected, got });
  };
  try {
    // The pickles do not say how long they are.
    const head = bytes.read(0, Math.min(bytes.size, LONGEST_PICKLE));
    let at = 0;
    const next = (): ReturnType<typeof readPickle> => {
      const read = readPickle(head, file, at);
      at = read.end;
      return read;
    };
    next();
    const version = next().value;
    if (version !== VERSION) fail('version', `${VERSION}`, 'another');
    const system = next().value;
    const little = system instanceof Map ? system.get('little_endian') : undefined;
    if (little !== true) fail('byteorder', 'that of a little-endian machine', 'another');
    const { value, storages } = next();
    const keys = next().value;
    if (!Array.isArray(keys)) fail('storages', 'a list of keys', 'something else');
    const places = new Map<string, { readonly start: number; readonly bytes: number }>();
    for (const key of keys as Pickled[]) {
      const name = typeof key === 'string' || typeof key === 'number' ? String(key) : '';
      const dtype = storages.get(name) ?? fail('storages', 'keys of storages', JSON.stringify(name));
      const count = new DataView(bytes.read(at, COUNT_BYTES).buffer).getBigUint64(0, true);
      const size = Number(count) * ELEMENTS[dtype].bytes;
      at += COUNT_BYTES;
      if (!(at + size <= bytes.size)) fail(`storage ${name}`, `${size} bytes`, `${bytes.size - at}`);
      places.set(name, { start: at, bytes: size });
      at += size;
    }
    return {
      file,
      value,
      size: (key) => places.get(key)?.bytes,
      read: (key, start, length) => bytes.read(places.get(key)!.start + start, length),
      close: () => {
        bytes.close();
      },
    };
  } catch (error) {
    bytes.close();
    throw error;
  }
}

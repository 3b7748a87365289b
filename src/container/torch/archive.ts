/** The form since PyTorch 1.6: a zip archive of the pickle, `data.pkl`, and the storages, `data/KEY`. */
import { BundleError } from '../../format/index.js';
import { readPickle } from '../pickle/machine.js';
import { ZipFile } from '../zip.js';
import type { TorchForm } from './torch-file.js';

/** A tensor takes some hundred bytes; a history of a training that is kept beside the weights may take more. */
export const LONGEST_PICKLE = 1 << 26;

/** Throws BundleError. */
export function openArchive(file: string): TorchForm {
  const zip = ZipFile.open(file);
  try {
    const prefix = findPrefix(zip);
    const order = zip.size(`${prefix}byteorder`) === undefined ? 'little' : textOf(zip, `${prefix}byteorder`);
    if (order !== 'little') fail(file, 'byteorder', '"little"', JSON.stringify(order));
    const pickle = `${prefix}data.pkl`;
    const size = zip.size(pickle)!;
    if (size > LONGEST_PICKLE) fail(file, pickle, `at most ${LONGEST_PICKLE} bytes`, `${size}`);
    const { value, end } = readPickle(zip.read(pickle), file);
    if (end < size) fail(file, `pickle, byte ${end}`, 'the end', `${size - end} more bytes`);
    return {
      file,
      value,
      size: (key) => zip.size(`${prefix}data/${key}`),
      read: (key, start, length) => zip.read(`${prefix}data/${key}`, start, length),
      close: () => {
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

/** The archive's one folder: the name the file had when it was saved. */
function findPrefix(zip: ZipFile): string {
  const pickles = zip.names().filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    fail(zip.file, '', 'a PyTorch checkpoint, with one data.pkl', `a zip archive with ${pickles.length}`);
  }
  return pickles[0].slice(0, -'data.pkl'.length);
}

function textOf(zip: ZipFile, name: string): string {
  // Longer than this it is not the word it should be.
  return (zip.size(name) ?? 0) > 16 ? '' : Buffer.from(zip.read(name)).toString('latin1');
}

function fail(file: string, field: string, expected: string, got: string): never {
  throw new BundleError({ file, field, expected, got });
}

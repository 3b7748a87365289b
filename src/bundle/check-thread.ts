/** The thread that holds a large weights file to what it must be, and says what it found: a problem, or null. */
import { parentPort, workerData } from 'node:worker_threads';
import { BundleError, FileBytes } from '../format/index.js';
import { checkFinite, checkHash, type CheckStart } from './content.js';

const { file, descriptor, size, sha256, floats } = workerData as CheckStart;
const bytes = new FileBytes(file, descriptor, size);
const source = { file, size, read: (from: number, length: number) => bytes.read(from, length) };

try {
  checkHash(source, sha256);
  for (const each of floats) checkFinite(source, each);
  parentPort!.postMessage(null);
} catch (error) {
  if (!(error instanceof BundleError)) throw error;
  const { field, expected, got } = error;
  parentPort!.postMessage({ file, field, expected, got });
}

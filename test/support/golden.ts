/** The checkpoints of `scripts/golden/reference_import.py`: weights, and what PyTorch computes with them. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  importCheckpoint,
  SafetensorsFile,
  writeSafetensors,
  type Imported,
  type ImportOptions,
} from '../../src/checkpoint/index.js';
import { BundleError } from '../../src/format/errors.js';
import { GOLDEN, temporaryDirectory } from './tiny-model.js';
import { torchFile, type Code, type Stored } from './torch-writer.js';

export interface Golden {
  readonly tensors: Map<string, Stored>;
  readonly ids: number[];
  /** `[time, vocabulary]`. */
  readonly logits: Float32Array;
  /** `[time, width]`. */
  readonly hidden: Float32Array;
}

export function golden(name: string): Golden {
  const file = SafetensorsFile.open(join(GOLDEN, 'import', `${name}.safetensors`));
  const tensors = new Map(
    [...file.tensors]
      .filter(([tensor]) => !tensor.startsWith('reference.'))
      .map(([tensor, { shape }]) => [tensor, { shape, data: file.read(tensor) }]),
  );
  const ids = [...file.readFloat64('reference.ids')];
  const [logits, hidden] = ['logits', 'hidden'].map((part) => file.read(`reference.${part}`));
  file.close();
  return { tensors, ids, logits, hidden };
}

/** Writes tensors to a safetensors file of its own. */
export function asSafetensors(tensors: ReadonlyMap<string, Stored>): string {
  const file = join(temporaryDirectory(), 'weights.safetensors');
  writeSafetensors(file, Object.fromEntries(tensors));
  return file;
}

/** Writes tensors to a torch file of its own. */
export function asTorch(tensors: ReadonlyMap<string, Stored>, wrap?: (value: Code) => Code): string {
  const file = join(temporaryDirectory(), 'weights.ckpt');
  writeFileSync(file, torchFile(tensors, wrap));
  return file;
}

/** Imports a file to a bundle of its own. */
export async function imported(
  file: string,
  options?: ImportOptions,
): Promise<Imported & { readonly bundle: string }> {
  const bundle = join(temporaryDirectory(), 'bundle');
  return { ...(await importCheckpoint(file, bundle, options)), bundle };
}

/** Holds a failure to being the program's own. */
export async function refused(outcome: Promise<unknown>, message: RegExp): Promise<void> {
  const error: unknown = await outcome.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(BundleError);
  expect((error as BundleError).message).toMatch(message);
}

/** A bundle's files, config included: what is in each, as a digest. */
export function contents(bundle: string): Record<string, string> {
  const digest = (file: string): string =>
    createHash('sha256')
      .update(readFileSync(join(bundle, file)))
      .digest('hex');
  return Object.fromEntries(readdirSync(bundle).map((file) => [file, digest(file)]));
}

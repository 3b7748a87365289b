/** Finds a checkpoint's file in what people have: a file, its folder, a folder of the Hugging Face cache. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { BundleError } from '../format/index.js';

/** Files a checkpoint directory may hold its weights in, the preferred first. */
const WEIGHTS = [
  /^model\.safetensors$/,
  /\.safetensors\.index\.json$/,
  /\.safetensors$/,
  /^pytorch_model\.bin$/,
  /\.bin\.index\.json$/,
  /\.(pt|pth|bin|ckpt)$/,
];
/** What training programs save beside the weights, under the same endings. */
const NO_WEIGHTS =
  /^((optimizer|scheduler|scaler|training_args)\.|(rng_state|random_states)[_.\d]|.*_optim_states\.pt$)/;
/** A model in the cache: its snapshots lie in `snapshots/COMMIT`. */
const CACHED = /^models--(?:.*--)?(.+)$/;
/** `ORG/NAME`, which could be a model on the Hugging Face Hub. */
const HUB_NAME = /^[\w.-]+\/[\w.-]+$/;
/** Names that say what a file is, not what model is in it. */
const NO_NAME = /^(model|pytorch_model|weights|checkpoint)\b/;

/** The file a path stands for: itself, or in a directory the one that holds the weights. Throws BundleError. */
export function checkpointFile(path: string): string {
  if (!inspect(path, () => statSync(path).isDirectory())) return path;
  if (CACHED.test(basename(resolve(path)))) return checkpointFile(snapshotOf(path));
  const files = inspect(path, () => readdirSync(path).sort()).filter((file) => !NO_WEIGHTS.test(file));
  for (const pattern of WEIGHTS) {
    const found = files.filter((file) => pattern.test(file));
    if (found.length === 1) return join(path, found[0]);
    if (found.length > 1) {
      throw new BundleError({ file: path, expected: 'one checkpoint', got: found.join(', ') });
    }
  }
  const expected = 'a checkpoint directory (model.safetensors, its index, or a .pt, .bin or .ckpt file)';
  throw new BundleError({ file: path, expected, got: 'none of these in it' });
}

/** What to call the model in a file: the file's name, or its directory's where that says more. */
export function modelName(file: string): string {
  const name = basename(file, extname(file));
  if (!NO_NAME.test(name)) return name;
  const directory = dirname(resolve(file));
  const parent = basename(dirname(directory)) === 'snapshots' ? dirname(dirname(directory)) : directory;
  return CACHED.exec(basename(parent))?.[1] ?? (basename(parent) || name);
}

/** The snapshot that is current, or the only one. */
function snapshotOf(cached: string): string {
  const folder = join(cached, 'snapshots');
  const commits = inspect(folder, () => readdirSync(folder));
  const main = join(cached, 'refs', 'main');
  const current = existsSync(main) ? readFileSync(main, 'latin1').trim() : '';
  const commit = commits.includes(current) ? current : commits[0];
  if (commits.length === 1 || commit === current) return join(folder, commit);
  throw new BundleError({ file: folder, expected: 'one snapshot', got: commits.join(', ') || 'none' });
}

function inspect<T>(path: string, look: () => T): T {
  try {
    return look();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const nothing = HUB_NAME.test(path)
      ? 'nothing there; models of a hub must be downloaded first'
      : 'nothing there';
    const got = code === 'ENOENT' ? nothing : String(code);
    throw new BundleError({ file: path, expected: 'a checkpoint', got }, { cause: error });
  }
}

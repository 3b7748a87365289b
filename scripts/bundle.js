#!/usr/bin/env node
// Makes a bundle of a checkpoint: node scripts/bundle.js CHECKPOINT_DIR OUT_DIR (after npm run build).
import { bundleCheckpoint } from '../dist/checkpoint/index.js';

const [checkpoint, directory, ...rest] = process.argv.slice(2);
if (checkpoint === undefined || directory === undefined || rest.length > 0) {
  console.error('usage: node scripts/bundle.js CHECKPOINT_DIR OUT_DIR');
  process.exitCode = 2;
} else {
  try {
    const { name, files } = bundleCheckpoint(checkpoint, directory);
    const bytes = Object.values(files).reduce((sum, file) => sum + file.bytes, 0);
    console.log(
      `${directory}: ${name}, ${Object.keys(files).length + 1} files, ${(bytes / 1e6).toFixed(1)} MB`,
    );
  } catch (error) {
    console.error(`bundle: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}

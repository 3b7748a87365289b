/** A bundle together with its graphs as files, for other programs. */
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { openBundle } from './bundle.js';
import { CONFIG_FILE, WEIGHTS_FILE } from './config.js';
import { graphNames, makeGraph } from './graphs.js';
import { preparePlace } from './place.js';

/** The files that `exportOnnx` writes beside a bundle's own. */
export const GRAPH_FILE = /^(step|head|filter|rows|block\d+)\.onnx$/;

/**
 * Writes a copy of a bundle to a directory, its graphs beside the weights that they read in place: step.onnx, block0.onnx
 * and so on, head.onnx, filter.onnx, for ONNX Runtime, some of whose own operators they use. What is in them, see
 * `stepGraph`, `blockGraph`, `headGraph`, `filterGraph`. It is all there or nothing of it. Throws BundleError, or what the
 * system says of the directory.
 *
 * @param target not there yet, an empty directory, or one written by this before
 */
export function exportOnnx(directory: string, target: string): { readonly graphs: number } {
  const bundle = openBundle(directory);
  try {
    const { config, weights, tokenizerFile } = bundle;
    const place = preparePlace(target);
    try {
      const at = (file: string): string => join(place.fresh, file);
      const names = graphNames(config);
      const table = weights.inFile(WEIGHTS_FILE);
      for (const name of names)
        writeFileSync(at(`${name}.onnx`), makeGraph(config, name, table, { fused: true }));
      const descriptor = openSync(at(WEIGHTS_FILE), 'wx');
      try {
        for (const chunk of weights.chunks()) {
          for (let done = 0; done < chunk.length;) done += writeSync(descriptor, chunk, done);
        }
      } finally {
        closeSync(descriptor);
      }
      if (tokenizerFile !== undefined) writeFileSync(at(config.tokenizer.file!), tokenizerFile);
      writeFileSync(at(CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
      place.settle();
      return { graphs: names.length };
    } catch (error) {
      place.discard();
      throw error;
    }
  } finally {
    bundle.close();
  }
}

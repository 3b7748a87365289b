import { existsSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { exportBundle, STEM } from '../checkpoint/index.js';
import { BundleError } from '../model/index.js';
import { OutputError, UsageError } from './errors.js';
import type { Io } from './io.js';

interface ExportCommandOptions {
  readonly output: string;
  readonly force?: boolean;
  readonly stem?: string;
}

export function exportCommand(io: Io): Command {
  return new Command('export')
    .description('write a bundle’s weights to a safetensors file, in the names they came with')
    .argument('<bundle>', 'the bundle')
    .requiredOption('-o, --output <file>', 'the file to write')
    .option('--force', 'replace a file that is there')
    .addOption(
      new Option(
        '--stem <prefix>',
        'what names begin with, as in backbone. (default: as imported)',
      ).argParser(readStem),
    )
    .action((bundle: string, { output, force, stem }: ExportCommandOptions) => {
      if (existsSync(output) && !force) throw new UsageError(`${output} exists; --force replaces it`);
      try {
        const { tensors, bytes } = exportBundle(bundle, output, stem);
        io.note(`${output}: ${tensors} tensors, ${(bytes / 1e6).toFixed(1)} MB`);
      } catch (error) {
        if (error instanceof BundleError) throw error;
        throw new OutputError(`cannot write ${output}: ${(error as Error).message}`);
      }
    });
}

function readStem(text: string): string {
  if (!STEM.test(text)) throw new InvalidArgumentError('Expected backbone. or NAME.backbone.');
  return text;
}

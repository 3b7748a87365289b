import { isAllowed, LONGEST_STOPS } from '../../../generation/index.js';
import { UsageError } from '../../errors.js';
import { longFlag } from '../../options/index.js';
import { GENERATE } from './spec.js';
import type { Call } from '../../command.js';
import { checkArgument } from '../../prompt.js';

type GenerateCall = Call<typeof GENERATE>;
type Name = keyof GenerateCall['options'];

/** Options that cannot go together, and why. The second ones may still be set in the environment. */
const CONFLICTS: readonly (readonly [Name, readonly Name[], string])[] = [
  ['json', ['jsonl'], 'they are two forms of the same'],
  ['json', ['raw', 'echo'], 'JSON holds the text alone, as text'],
  ['jsonl', ['raw', 'echo'], 'JSON holds the text alone, as text'],
  ['loadState', ['prompt', 'file'], 'a saved state has its prompt'],
  ['loadState', ['seed', 'mixer', 'ctxSize'], 'a saved state has its own'],
  [
    'batch',
    ['prompt', 'file', 'echo', 'raw', 'json', 'jsonl', 'saveState', 'loadState', 'ctxSize'],
    'a batch reads and prints JSON, line by line',
  ],
  [
    'format',
    ['batch', 'raw', 'json', 'jsonl', 'logprobs', 'keepNewline', 'saveState', 'loadState', 'ctxSize'],
    'sequences go in and come out as files of sequences have them',
  ],
];

const NEEDS: readonly (readonly [Name, readonly Name[]])[] = [
  ['logprobs', ['json', 'jsonl', 'batch']],
  ['batchSize', ['batch', 'format', 'json']],
  ['samples', ['batch', 'format', 'json']],
  ['inputFormat', ['format']],
];

const flag = (name: Name): string => longFlag(name, GENERATE.options[name]);

/** Refuses what would otherwise be ignored. Throws a UsageError. */
export function checkConflicts({ options, args, given }: GenerateCall): void {
  const [word] = args;
  if (word !== undefined && word !== '-') {
    throw new UsageError(`unexpected argument ${JSON.stringify(word)}: the prompt goes with -p`);
  }
  if (word !== undefined && (options.batch !== undefined || options.loadState !== undefined)) {
    throw new UsageError(`- does not go with ${flag(options.batch === undefined ? 'loadState' : 'batch')}`);
  }
  for (const [name, others, why] of CONFLICTS) {
    if (!isSet(options[name])) continue;
    const other = others.find((other) => given(other));
    if (other !== undefined) throw new UsageError(`${flag(other)} does not go with ${flag(name)}: ${why}`);
  }
  for (const [name, others] of NEEDS) {
    if (given(name) && !others.some((other) => isSet(options[other]))) {
      throw new UsageError(`${flag(name)} needs ${others.map(flag).join(' or ')}`);
    }
  }
  if (options.batch !== undefined && given('mixer') && options.mixer !== 'tiled') {
    throw new UsageError(
      `--mixer ${options.mixer} does not go with --batch: its prompts share one tiled mixer`,
    );
  }
  if (options.samples > 1 && (options.saveState !== undefined || options.loadState !== undefined)) {
    throw new UsageError('--samples goes with neither --save-state nor --load-state: a state is one text');
  }
  if (options.allow !== undefined && !isAllowed(options.allow)) {
    throw new UsageError('--allow takes 1 to 256 characters');
  }
  if (
    options.nPredict === 0 &&
    (options.logprobs === undefined || options.jsonl || options.format !== undefined)
  ) {
    throw new UsageError(
      '--n-predict must be -1 or at least 1; 0 is for --logprobs of a prompt, with --json or --batch',
    );
  }
  for (const stop of options.stop ?? []) {
    if (stop === '') throw new UsageError('--stop needs a text that is not empty');
    checkArgument(stop, 'a stop');
  }
  if (Buffer.byteLength((options.stop ?? []).join('')) > LONGEST_STOPS) {
    throw new UsageError(`--stop takes at most ${LONGEST_STOPS} bytes in all`);
  }
}

const isSet = (value: unknown): boolean => value !== undefined && value !== false;

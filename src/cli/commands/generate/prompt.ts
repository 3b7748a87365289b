import { Hint, UsageError } from '../../errors.js';
import { isPiped, readPrompt } from '../../prompt.js';
import type { Call } from '../../command.js';
import type { GENERATE } from './spec.js';

type GenerateCall = Call<typeof GENERATE>;

const HINT = `nothing to continue. Give a prompt, or pipe one in:
  flashinf generate -p "Once upon a time"
  echo "Once upon a time" | flashinf generate`;

/** The prompt. Throws a UsageError where there is none. */
export async function promptOf(call: GenerateCall): Promise<string> {
  const prompt = await readPrompt(call);
  if (prompt !== undefined) return prompt;
  if (process.stdin.isTTY) throw new Hint(HINT);
  throw new UsageError('no prompt: give one with -p or -f, or pipe one in');
}

/** The file of sequences to continue, `-` for stdin. Throws a UsageError where there is none. */
export function sequencesFile({ options: { file }, args }: GenerateCall): string {
  if (file !== undefined && args.length > 0) throw new UsageError('--format takes one file of sequences');
  if (file !== undefined) return file;
  if (args.length > 0 || isPiped()) return '-';
  throw new UsageError('no sequences: give a file with -f, or pipe them in');
}

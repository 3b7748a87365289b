import { decode, type Tokenizer } from '../../text/index.js';
import { UsageError } from '../errors.js';
import { parseIds } from '../ids.js';
import { loadTokenizerOf } from '../model.js';
import type { TOKENIZE } from '../options/index.js';
import type { Call } from '../program.js';
import { readPrompt } from '../prompt.js';
import { table } from '../report/table.js';

export async function tokenize(call: Call<typeof TOKENIZE>): Promise<void> {
  const { options, io } = call;
  const input = await readPrompt(call);
  if (input === undefined) throw new UsageError('nothing to tokenize: give a text, --file, or pipe one in');
  const tokenizer = loadTokenizerOf(options.model);
  const ids = options.decode ? checked(parseIds(input, 'tokenize'), tokenizer) : tokenizer.encode(input);
  if (options.json) {
    const tokens = ids.map((id) => ({ id, ...pieceOf(tokenizer, id) }));
    await io.stdout.write(JSON.stringify({ text: decode(tokenizer, ids), ids, tokens }, null, 2) + '\n');
  } else if (options.decode) {
    for (const id of ids) await io.stdout.write(tokenizer.bytes(id));
    if (io.stdout.isTerminal) await io.stdout.write('\n');
  } else {
    const rows = ids.map((id) => [`${id}`, JSON.stringify(pieceOf(tokenizer, id).piece)]);
    await io.stdout.write(table(['id', 'piece'], rows));
  }
}

function checked(ids: number[], tokenizer: Tokenizer): number[] {
  const odd = ids.find((id) => id >= tokenizer.size);
  if (odd !== undefined) throw new UsageError(`id ${odd} is not one of 0 to ${tokenizer.size - 1}`);
  return ids;
}

/** A token can be part of a character: the bytes say what the piece as text cannot. */
function pieceOf(tokenizer: Tokenizer, id: number): { piece: string; bytes: number[] } {
  const bytes = tokenizer.bytes(id);
  return { piece: Buffer.from(bytes).toString('utf8'), bytes: [...bytes] };
}

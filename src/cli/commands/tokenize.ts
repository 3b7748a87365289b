import { decode, type Tokenizer } from '../../text/index.js';
import { UsageError } from '../errors.js';
import { parseIds } from '../ids.js';
import { loadTokenizerOf } from '../model.js';
import { readPrompt } from '../prompt.js';
import { table } from '../report/table.js';
import { command } from '../command.js';
import { EVERYWHERE, JSON_OPTION, KEEP_NEWLINE, MODEL, type CommandSpec } from '../options/index.js';

const TOKENIZE = {
  name: 'tokenize',
  summary: 'the token ids of a text and what each stands for; with --decode, the text of ids',
  arguments: [
    { name: '[text]', help: "the text, or the ids; without it and -f, what is piped in; '-' for stdin" },
  ],
  options: {
    file: {
      type: 'text',
      short: 'f',
      value: 'file',
      help: "a file that holds them, '-' for stdin",
      completes: 'file',
    },
    ...KEEP_NEWLINE,
    decode: { type: 'flag', help: 'from ids (7,8,9) to text, and nothing else, on stdout' },
    ...JSON_OPTION,
    ...MODEL,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf tokenize "Once upon a time"', 'ids and pieces'],
    ['flashinf tokenize --decode 7,8,9', 'the way back'],
  ],
} as const satisfies CommandSpec;

export const tokenize = command(TOKENIZE, async (call) => {
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
});

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

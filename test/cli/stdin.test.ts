/** Whose stdin is: a command reads it only if it is to. */
import { Readable } from 'node:stream';
import { byteModel } from '../support/models.js';
import { COMMAND, flashinf, run } from '../support/run.js';
import { quoted } from '../support/terminal.js';
import { removeTemporary } from '../support/tiny-model.js';

const model = await byteModel();
afterAll(removeTemporary);

const GENERATE = ['generate', '-m', model, '-n', '8', '-s', '1'];
const alone = async (prompt: string): Promise<string> =>
  (await flashinf([...GENERATE, '-p', prompt])).stdout.toString('hex');

/** A line of bash in which `generate` continues a prompt. */
const bash = (line: string): ReturnType<typeof run> =>
  run(['bash', '-c', `generate() { ${quoted([...COMMAND, ...GENERATE])} "$@"; }; ${line}`]);

const PROMPTS = ['The sea', 'The dog', 'The king'];

test.concurrent('a loop that reads a list keeps it', async () => {
  const list = PROMPTS.map((prompt) => `${prompt}\\n`).join('');
  const { stdout, stderr } = await bash(
    `printf '${list}' | while read -r p; do generate -p "$p" | od -An -v -tx1 | tr -d ' \\n'; echo; done`,
  );
  expect(stderr).toBe('');
  const wanted = await Promise.all(PROMPTS.map(alone));
  expect(stdout.toString().trimEnd().split('\n')).toEqual(wanted);
});

test.concurrent('a pipe in which nothing comes is not waited for', async () => {
  const silent = new Readable({ read: () => undefined });
  const { code, stdout } = await flashinf([...GENERATE, '-p', 'hi'], { input: silent });
  expect({ code, text: stdout.toString('hex') }).toEqual({ code: 0, text: await alone('hi') });
});

test.concurrent('what echo, a here-string or a here-document puts there ends where it seems to', async () => {
  const wanted = await alone('Once upon a time');
  for (const line of [
    'echo "Once upon a time" | generate',
    'generate <<< "Once upon a time"',
    'generate <<END\nOnce upon a time\nEND',
    'generate -f - <<< "Once upon a time"',
  ]) {
    expect((await bash(line)).stdout.toString('hex')).toBe(wanted);
  }
});

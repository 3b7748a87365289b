/** What takes long, side by side: many interruptions, many prompts, and a reader that takes a second over each byte. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { byteModel } from '../support/models.js';
import { load } from '../../src/generation/load.js';
import { generate } from '../../src/generation/text.js';
import { randomNumbers } from '../support/random.js';
import { loadRuntime } from '../../src/model/session.js';
import { flashinf, type Outcome } from '../support/run.js';
import { readSlowly } from '../support/slow.js';

const model = await byteModel();
// Tests that run at once may load nothing: what one of them needs is there before.
await loadRuntime();
const SECONDS = 20;
/** As text it would be a byte per token, and 100,000 of them no burden; as JSON it is some 600 MB, if nobody waits. */
const patient = readSlowly(
  ['generate', '-m', model, '-p', 'Once', '-n', '100000', '-s', '1', '--jsonl', '--logprobs', '100'],
  SECONDS,
);
afterAll(removeTemporary);

const MEBIBYTE = 2 ** 20;
const INTERRUPTIONS = 4;
const TOKENS = 500;
/** Lines this long (some 6 kB) fill the pipe soon: the process is at most a few tokens ahead of what was read. */
const WRITING = ['generate', '-m', model, '--jsonl', '--logprobs', '100'];
const BEGINNING = [
  '-p',
  'Once',
  '-n',
  String(TOKENS),
  '-s',
  '7',
  '--top-k',
  '0',
  '--stop',
  'a stop that never comes',
];

/** Lines of tokens, and the final one. */
function lines({ stdout }: Outcome): { tokens: string[]; end: { stop_type: string; tokens: number[] } } {
  const all = stdout.toString().trimEnd().split('\n');
  return { end: JSON.parse(all.pop()!) as { stop_type: string; tokens: number[] }, tokens: all };
}

/** Runs until `count` lines are there, then sends SIGINT; or to the end. */
function interruptedAfter(count: number, args: readonly string[]): Promise<Outcome> {
  return flashinf([...WRITING, ...args], {
    control: (child) => {
      let missing = count;
      child.stdout!.on('data', (chunk: Buffer) => {
        if (missing <= 0) return; // a second signal would end it at once
        for (const byte of chunk) if (byte === 0x0a) missing--;
        if (missing <= 0) child.kill('SIGINT');
      });
    },
  });
}

// Side by side: the describes of `describe.each` would wait for each other.
test.concurrent.each(['lazy', 'eager', 'tiled'])(
  `%s, interrupted ${INTERRUPTIONS} times: tokens, log probabilities and the last state are those of one run`,
  async (mixer) => {
    const directory = temporaryDirectory();
    const whole = join(directory, 'whole');
    const parts = join(directory, 'parts');
    const reference = await flashinf([...WRITING, ...BEGINNING, '--mixer', mixer, '--save-state', whole]);
    expect({ code: reference.code, stderr: reference.stderr }).toEqual({ code: 0, stderr: '' });

    const random = randomNumbers(mixer.length);
    const joined: string[] = [];
    for (let k = 0; k < INTERRUPTIONS; k++) {
      const count = 1 + Math.floor(random() * 40);
      const from = k === 0 ? [...BEGINNING, '--mixer', mixer] : ['--load-state', parts];
      const outcome = await interruptedAfter(count, [...from, '--save-state', parts]);
      const { tokens, end } = lines(outcome);
      expect({ k, code: outcome.code, stderr: outcome.stderr, stop: end.stop_type }).toEqual({
        k,
        code: 130,
        stderr: '',
        stop: 'interrupted',
      });
      joined.push(...tokens);
    }
    const last = await flashinf([...WRITING, '--load-state', parts, '--save-state', parts]);
    expect({ code: last.code, stderr: last.stderr }).toEqual({ code: 0, stderr: '' });
    joined.push(...lines(last).tokens);

    expect(joined).toEqual(lines(reference).tokens);
    expect(readFileSync(parts).equals(readFileSync(whole))).toBe(true);
  },
  240_000,
);

const PROMPTS = 80;

test.concurrent(
  `${PROMPTS} prompts of mixed length, eight at a time: each gets the text it gets alone, and the probabilities`,
  async () => {
    const random = randomNumbers(3);
    const upTo = (most: number): number => 1 + Math.floor(random() * most);
    const items = Array.from({ length: PROMPTS }, (_, seed) => ({
      id: `item ${seed}`,
      prompt: Array.from({ length: upTo(seed % 10 === 0 ? 400 : 30) }, () =>
        String.fromCodePoint(upTo(0x300)),
      ).join(''),
      n_predict: upTo(seed % 40 === 0 ? 300 : 20),
      seed,
      logprobs: 0,
    }));
    const input = items.map((item) => JSON.stringify(item) + '\n').join('');
    const { code, stdout, stderr } = await flashinf(['generate', '-m', model, '--batch', '-'], { input });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const results = stdout.toString().trimEnd().split('\n');
    expect(results).toHaveLength(PROMPTS);

    const loaded = await load(model);
    for (const [index, { id, prompt, seed, n_predict }] of items.entries()) {
      const text = generate(loaded, prompt, { seed, count: n_predict, logprobs: 0 });
      const logprobs: object[] = [];
      for await (const chunk of text) if (chunk.logprobs) logprobs.push({ logprob: chunk.logprobs.logprob });
      const { tokens, promptTokens } = text.result;
      expect(JSON.parse(results[index])).toMatchObject({
        index,
        id,
        text: text.result.text,
        tokens,
        logprobs,
        stop_type: 'limit',
        seed,
        timings: { prompt_n: promptTokens, predicted_n: n_predict },
      });
    }
    await loaded.model.close();
  },
  240_000,
);

test('a reader of one byte a second: memory stays flat, and its going away is no error', async () => {
  const { bytes, resident, code, stderr } = await patient;
  expect({ bytes, code, stderr }).toEqual({ bytes: SECONDS, code: 0, stderr: '' });
  const [first, ...others] = resident;
  for (const size of others) expect(size).toBeLessThan(first + 64 * MEBIBYTE);
  // From when the pipe is full on; what a garbage collection still touches is no growth.
  const [settled, ...later] = resident.slice(10);
  for (const size of later) expect(size).toBeLessThan(settled + 16 * MEBIBYTE);
}, 120_000);

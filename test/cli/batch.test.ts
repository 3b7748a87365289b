import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { wordModel } from '../support/models.js';
import { flashinf } from '../support/run.js';

const model = await wordModel();
const scratch = temporaryDirectory();
afterAll(removeTemporary);

const BATCH = ['generate', '-m', model, '--batch', '-'];

interface Result {
  index: number;
  id: unknown;
  error?: string;
  text?: string;
  tokens?: number[];
  seed?: number;
  mixer?: string;
  stop_type?: string;
  logprobs?: { top: unknown[] }[];
}

const parse = (stdout: Buffer): Result[] =>
  stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Result);

test('results come in order, errors per item, and exit 1 if there were any', async () => {
  const lines = [
    '{"id":"first","prompt":"once","n_predict":3}',
    'no JSON',
    '{"id":7,"prompt":"upon","n_predict":40,"ignore_eos":true}',
    '',
    '{"id":"bad","prompt":"a","top_p":1.5}',
    '{"id":"odd","prompt":"a","topp":1}',
    '{"id":2512292042121000001,"prompt":"a","grammar":1}',
    '{"id":true,"prompt":"a"}',
    '{"id":"twice","prompt":"a","n_predict":1,"max_tokens":2}',
    '{"id":"stop","prompt":"a","stop":["\\ud83d"]}',
    '{"id":"seed","prompt":"a","seed":-1}',
    '{"id":"long","prompt":"a","n_predict":200000}',
    '{"id":"half","prompt":"\\ud83d"}',
    '{"id":[1],"prompt":"a"}',
    '{"prompt":"a time","max_tokens":2,"logprobs":2,"seed":5,"ignore_eos":true}',
  ];
  const { code, stdout, stderr } = await flashinf([...BATCH, '-n', '4', '-s', '1'], {
    input: lines.join('\n'),
  });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'error: 11 of 14 items failed: the output says why\n',
  });
  const results = parse(stdout);
  expect(results.map(({ index }) => index)).toEqual(Array.from(results, (_, index) => index));
  // A number of 64 bits comes back as it was, which is not what `parse` makes of it.
  expect(stdout.toString()).toContain('"id":2512292042121000001,');
  const ids = results.map(({ id }) => id).filter((id) => typeof id !== 'number');
  expect(ids).toEqual([
    'first',
    null,
    'bad',
    'odd',
    null,
    'twice',
    'stop',
    'seed',
    'long',
    'half',
    null,
    null,
  ]);
  expect(results.map(({ error }) => error)).toEqual([
    undefined,
    'line 2: character 0: expected a value, got "n"',
    undefined,
    'line 5: top_p: expected a number above 0, at most 1, got 1.5',
    expect.stringMatching(/^line 6: unknown field "topp" \(known: prompt, id, .*top_p.*\)$/),
    expect.stringMatching(/^line 7: unknown field "grammar"/),
    'line 8: id: expected a text or a number',
    'line 9: n_predict and max_tokens are the same: give one of them',
    expect.stringMatching(/^line 10: stop: expected texts, none empty/),
    expect.stringMatching(/^line 11: seed: .*\(left out, it is random\), got -1$/),
    'after 1 tokens there is room for 131072, not 200000',
    'line 13: prompt: half of a surrogate pair is no text',
    'line 14: id: expected a text or a number',
    undefined,
  ]);
  expect(results[2].tokens).toHaveLength(40);
  expect(results[13]).toMatchObject({ seed: 5, mixer: 'tiled' });
  expect(results[13].logprobs!.map(({ top }) => top.length)).toEqual([2, 2]);
});

test('what other programs write: a byte order mark, their names for fields, null for what is left out', async () => {
  const own = ['{"prompt":"once","n_predict":5,"temp":2,"seed":3,"repeat_penalty":1.5}', '{"prompt":"a"}'];
  const theirs = [
    '\ufeff{"prompt":"once","max_new_tokens":5,"temperature":2,"random_seed":3,"repetition_penalty":1.5,"stop":null}\r',
    '{"prompt":"a","seed":null}\r',
  ];
  const texts = await Promise.all(
    [own, theirs].map(async (lines) => {
      const { code, stdout } = await flashinf([...BATCH, '-n', '4', '-s', '1'], { input: lines.join('\n') });
      return { code, tokens: parse(stdout).map(({ tokens }) => tokens) };
    }),
  );
  expect(texts[1]).toEqual(texts[0]);
  expect(texts[0].code).toBe(0);
});

test('one at a time or many, from a file or a pipe: the same', async () => {
  const file = join(scratch, 'batch.jsonl');
  const input = Array.from(
    { length: 20 },
    (_, k) => `{"prompt":"${'once '.repeat(k + 1)}","seed":${k}}\n`,
  ).join('');
  writeFileSync(file, input);
  const texts = async (args: string[], piped?: string): Promise<unknown[]> => {
    const options = piped === undefined ? {} : { input: piped };
    const { code, stdout, stderr } = await flashinf(['generate', '-m', model, '-n', '9', ...args], options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return parse(stdout).map(({ text, tokens }) => ({ text, tokens }));
  };
  const eight = await texts(['--batch', '-'], input);
  expect(await texts(['--batch', file, '--batch-size', '1'])).toEqual(eight);
  expect(await texts(['--batch', file, '--batch-size', '32', '-t', '2'])).toEqual(eight);
});

test('what is not read is not generated, and not read ahead', async () => {
  const chunk = Buffer.from('{"prompt":"once","top_p":2}\n'.repeat(2000));
  let taken = 0;
  function* endless(): Generator<Buffer> {
    for (; taken < 16 * 2 ** 20; taken += chunk.length) yield chunk;
  }
  const outcome = await flashinf(BATCH, {
    input: Readable.from(endless()),
    control: (child) => {
      child.stdout!.pause();
      void (async () => {
        // Until it has begun to read, and then has taken no more for two seconds.
        for (let before = 0; taken < 4 * chunk.length || taken > before; await sleep(2000)) before = taken;
        child.kill('SIGTERM');
        child.stdout!.resume();
      })();
    },
  });
  expect(outcome).toMatchObject({ code: 143, stderr: '' });
  expect(taken).toBeLessThan(8 * 2 ** 20);
});

test('interrupted, what was under way is printed as far as it got', async () => {
  const lines = ['{"prompt":"once"}', '{"prompt":"once","ignore_eos":true}'];
  const input = lines.join('\n');
  const { code, stdout, stderr } = await flashinf([...BATCH, '-n', '20000', '-s', '1'], {
    input,
    kill: 'SIGINT',
  });
  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  expect(parse(stdout).map(({ stop_type }) => stop_type)).toEqual(['eos', 'interrupted']);
});

test('--stats sums up', async () => {
  const input = '{"prompt":"once","n_predict":6,"ignore_eos":true}\n'.repeat(3);
  const { code, stderr } = await flashinf([...BATCH, '--stats'], { input });
  expect(code).toBe(0);
  expect(stderr).toMatch(/^3 texts, 18 tokens in [\d.]+ s, \d+ tokens\/s\n$/);
});

test('a file that is not there', async () => {
  const { code, stdout, stderr } = await flashinf(['generate', '-m', model, '--batch', 'no/such']);
  expect({ code, stdout: stdout.toString(), stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: 'error: cannot read no/such: no such file or directory\n',
  });
});

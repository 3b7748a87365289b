/** The README's line for GNU parallel, as printed, on this machine. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { wordModel } from '../support/models.js';
import { BIN, flashinf, run } from '../support/run.js';
import { describeWith, has } from '../support/tools.js';

const model = await wordModel();
const folder = temporaryDirectory();
afterAll(removeTemporary);

interface Result {
  id: number;
  text: string;
}

describeWith('GNU parallel', has('parallel', /^GNU parallel/))('GNU parallel', () => {
  test('spreads a file of prompts, and the results are those of one process, in order', async () => {
    const [line] = /^parallel .*flashinf generate .*$/m.exec(readFileSync('README.md', 'utf8'))!;
    const prompts = Array.from({ length: 205 }, (_, id) => ({
      id,
      prompt: 'once upon a time'.slice(id % 16),
      seed: id,
    }));
    writeFileSync(join(folder, 'prompts.jsonl'), prompts.map((item) => JSON.stringify(item) + '\n').join(''));
    writeFileSync(join(folder, 'flashinf'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
    chmodSync(join(folder, 'flashinf'), 0o755);
    const env = { FLASHINF_MODEL: model, FLASHINF_N_PREDICT: '2' };
    const path = `${folder}:${process.env['PATH']}`;
    const outcome = await run(['sh', '-c', line], { cwd: folder, env: { ...env, PATH: path, HOME: folder } });
    expect({ code: outcome.code, stderr: outcome.stderr }).toEqual({ code: 0, stderr: '' });
    const alone = await flashinf(['generate', '--batch', join(folder, 'prompts.jsonl')], { env });
    const results = (text: string): Result[] =>
      text
        .trimEnd()
        .split('\n')
        .map((result) => JSON.parse(result) as Result)
        .map(({ id, text }) => ({ id, text }));
    const spread = results(readFileSync(join(folder, 'results.jsonl'), 'utf8'));
    expect(spread).toEqual(results(alone.stdout.toString()));
    expect(spread).toHaveLength(prompts.length);
  });
});

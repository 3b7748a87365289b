/** Evo's models as a user runs them: one text, in parts, and beside others. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithData } from '../support/data.js';
import { flashinf } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

describeWithData('striped-hyena', (directory) => {
  test.each([
    ['evo1-tiny.safetensors', '16'],
    ['evo2-tiny.pt', '4'],
  ])('%s is imported, generates, goes on, and is one of a batch', async (file, scale) => {
    const scratch = temporaryDirectory();
    const at = (name: string): string => join(scratch, name);
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await flashinf(args, { cwd: scratch });
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      return stdout.toString('latin1');
    };
    await run('import', join(directory, file), '-o', 'evo', '--rope-scale', scale);
    const generate = (...args: string[]): Promise<string> =>
      run('generate', '-m', 'evo', '--temp', '0.7', '--seed', '3', '--raw', ...args);
    // Longer than what is read in steps, and then so many tokens that a prompt is filled in.
    const prompt = 'ACGTTGCA'.repeat(9);
    for (const [start, count] of [
      ['A', 20],
      [prompt, 90],
    ] as const) {
      const whole = await generate('-p', start, '-n', `${count}`);
      const first = await generate(
        '-p',
        start,
        '-n',
        '7',
        '-c',
        `${start.length + count}`,
        '--save-state',
        'state',
      );
      const rest = await run('generate', '-m', 'evo', '--raw', '--load-state', 'state', '-n', `${count - 7}`);
      expect(first + rest).toBe(whole);
    }
    const lines = ['A', prompt, 'AC'].map((text) => JSON.stringify({ prompt: text, seed: 3 }));
    writeFileSync(at('batch.jsonl'), lines.join('\n'));
    const batch = await run('generate', '-m', 'evo', '--temp', '0.7', '-n', '12', '--batch', 'batch.jsonl');
    const texts = batch
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string; tokens: number });
    const alone = await run(
      'generate',
      '-m',
      'evo',
      '--temp',
      '0.7',
      '--seed',
      '3',
      '-n',
      '12',
      '-p',
      'AC',
      '--json',
    );
    expect(texts[2].text).toBe((JSON.parse(alone) as { text: string }).text);
  });
});

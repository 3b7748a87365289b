/** Evo's models as a user runs them: one text, in parts, and beside others. */
import { readFileSync, writeFileSync } from 'node:fs';
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
    const cwd = temporaryDirectory();
    const run = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await flashinf(args, { cwd });
      expect([code, stderr]).toEqual([0, expect.any(String)]);
      return stdout.toString('latin1');
    };
    await run('import', join(directory, file), '-o', 'evo', '--rope-scale', scale);
    const generate = ['generate', '-m', 'evo', '--temp', '0.7', '--allow', 'ACGT'];
    // One is read in steps; the other is longer than that, and then there follow so many tokens that it is filled in.
    const prompts = ['A', 'ACGTTGCA'.repeat(9)];
    const counts = [20, 90];
    const goesOn = prompts.map(async (prompt, k) => {
      const text = [...generate, '--seed', '3', '--raw', '-p', prompt];
      const room = `${prompt.length + counts[k]}`;
      const [whole, first] = await Promise.all([
        run(...text, '-n', `${counts[k]}`),
        run(...text, '-n', '7', '-c', room, '--save-state', `state${k}`),
      ]);
      const left = `${counts[k] - 7}`;
      const rest = await run('generate', '-m', 'evo', '--raw', '--load-state', `state${k}`, '-n', left);
      expect(first + rest).toBe(whole);
      return whole;
    });
    const items = [...prompts, 'AC'].map((prompt) => JSON.stringify({ prompt, seed: 3 }));
    writeFileSync(join(cwd, 'batch.jsonl'), items.join('\n'));
    writeFileSync(join(cwd, 'two.txt'), 'ACGTACGT\nAC\n');
    const [alone, batch, rows, cost] = await Promise.all([
      Promise.all(goesOn),
      run(...generate, '-n', '12', '--batch', 'batch.jsonl'),
      run('embed', '-m', 'evo', 'two.txt', '-o', 'mlp.npy', '--layer', 'blocks.1.mlp.l3'),
      run('bench', '--step', '-m', 'evo', '--len', '20', '-t', '1', '--json'),
    ]);
    expect(rows.split('\n')).toHaveLength(3);
    expect(readFileSync(join(cwd, 'mlp.npy'), 'latin1')).toContain("'shape': (2, 32)");
    expect(JSON.parse(cost)).toMatchObject({ bits: 32, text: { length: 20 } });
    const texts = batch.trim().split('\n');
    expect(texts).toHaveLength(3);
    alone.forEach((whole, k) => {
      const { text } = JSON.parse(texts[k]) as { text: string };
      expect(text).toHaveLength(12);
      expect(whole.slice(0, 12)).toBe(text);
    });
  });
});

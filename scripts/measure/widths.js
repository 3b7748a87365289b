// What narrow weights gain end to end: a bundle of float32 weights against itself in 8 and in 4 bits, in turn, one text each.
//
//   node scripts/measure/widths.js [BUNDLE] [--len N] [--rounds N] [--threads N]
//
// Prints, for each, the tokens per second of the best round, and against float32. By default the shipped model, 16,384
// tokens, 3 rounds, one thread. The narrow bundles are made in a temporary folder.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { load, measureGeneration, quantiseBundle, SHIPPED_MODEL } from '../../dist/index.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    len: { type: 'string', default: '16384' },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '1' },
  },
});
const [bundle = SHIPPED_MODEL] = positionals;
const [length, rounds, threads] = [values.len, values.rounds, values.threads].map(Number);

const folder = mkdtempSync(join(tmpdir(), 'flashinf-widths-'));
try {
  const models = new Map([[32, (await load(bundle, { threads })).model]]);
  for (const bits of [8, 4]) {
    const directory = join(folder, String(bits));
    await quantiseBundle(bundle, directory, { bits });
    models.set(bits, (await load(directory, { threads })).model);
  }
  const best = new Map();
  for (let round = 0; round < rounds; round++) {
    for (const [bits, model] of models) {
      const text = await measureGeneration(model, { length, threads, seed: 1, start: 0 });
      const { tokensPerSecond } = text;
      if (!(best.get(bits)?.tokensPerSecond >= tokensPerSecond)) best.set(bits, text);
      const us = (ms) => ((1000 * ms) / length).toFixed(0);
      console.log(
        `round ${round + 1}, ${bits} bits: ${tokensPerSecond.toFixed(0)} tokens/s, a token ${us(text.totalMs)} us,`,
        `step ${us(text.stepsMs)}, mixing ${us(text.mixingMs)}`,
      );
    }
  }
  for (const [bits, { tokensPerSecond }] of best) {
    const ratio = tokensPerSecond / best.get(32).tokensPerSecond;
    console.log(`best, ${bits} bits: ${tokensPerSecond.toFixed(0)} tokens/s, ${ratio.toFixed(2)}x float32`);
  }
  for (const model of models.values()) await model.close();
} finally {
  rmSync(folder, { recursive: true });
}

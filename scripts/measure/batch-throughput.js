// How much faster `generate --batch` is than a loop over the same prompts: node scripts/measure/batch-throughput.js [PROMPTS]
// The loops are `--batch-size 1`, in one process, and a process per prompt, of which only some are run. Results are compared.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROMPTS = Number(process.argv[2] ?? 1000);
/** Prompts that get a process of their own. */
const ALONE = 20;
const BIN = fileURLToPath(new URL('../../bin/flashinf.js', import.meta.url));
const TEXT =
  'The old house stood at the end of the lane, and nobody had lived in it since the winter. '.repeat(3);

/** Prompts of 1 to 60 tokens or so, texts of 1 to 256. */
const items = Array.from({ length: PROMPTS }, (_, k) => ({
  prompt: TEXT.slice(0, 1 + ((k * 37) % TEXT.length)),
  n_predict: 1 + ((k * 101) % 256),
  seed: k,
  ignore_eos: true,
}));

const line = (item) => JSON.stringify(item) + '\n';

function run(args, input) {
  const began = performance.now();
  const { stdout, stderr, status } = spawnSync(process.execPath, [BIN, 'generate', '--batch', '-', ...args], {
    input,
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(String(stderr));
  const results = String(stdout)
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text));
  return { seconds: (performance.now() - began) / 1000, results };
}

const all = items.map(line).join('');
const batch = run([], all);
const loop = run(['--batch-size', '1'], all);
const tokens = batch.results.reduce((sum, { tokens }) => sum + tokens.length, 0);
const differing = batch.results.filter(({ text }, k) => text !== loop.results[k].text).length;

let alone = 0;
const step = Math.max(1, Math.floor(PROMPTS / ALONE));
const some = items.filter((_, k) => k % step === 0);
for (const item of some) alone += run(['--batch-size', '1'], line(item)).seconds;
const processes = (alone / some.length) * PROMPTS;

const row = (what, seconds) =>
  `${what.padEnd(34)} ${seconds.toFixed(1).padStart(8)} s ${(tokens / seconds).toFixed(0).padStart(7)} tokens/s ${(seconds / batch.seconds).toFixed(1).padStart(6)}x`;
console.log(
  `${PROMPTS} prompts, ${tokens} tokens; texts that differ from those generated one by one: ${differing}`,
);
console.log(row('--batch, 8 at a time', batch.seconds));
console.log(row('--batch, one at a time', loop.seconds));
console.log(row(`a process each (${some.length} run)`, processes));

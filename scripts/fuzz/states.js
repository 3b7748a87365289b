/**
 * Forged states by the thousand, through the test that takes a few hundred of them:
 * `node scripts/fuzz/states.js [rounds] [seed]`.
 */
import { spawnSync } from 'node:child_process';

const [rounds = '3000', seed = '1'] = process.argv.slice(2);
const { status } = spawnSync('npm', ['test', '--', 'test/generation/state-mutations.test.ts'], {
  stdio: 'inherit',
  env: { ...process.env, FLASHINF_FUZZ_ROUNDS: rounds, FLASHINF_FUZZ_SEED: seed },
});
process.exitCode = status ?? 1;

/**
 * Command lines and all that comes of them, run in the folder that `makeFolder` makes. Together they name every
 * spelling of every option, and end in every exit code: `cases.test.ts` sees to that.
 */
import type { Case } from './case.js';
import { LENGTHS, OUTPUT, PROMPTS, SAMPLING } from './text.js';
import { BATCHES, COMPUTING, ENVIRONMENT, HINTS, SIGNALS, STATES } from './many.js';
import { SEQUENCES } from './sequences.js';
import { CHECKPOINTS } from './bundles.js';
import { OTHERS } from './others.js';
import { EVAL, GENERAL } from './general.js';
import { BENCH } from './bench.js';

export type { Case };

export const CASES: readonly Case[] = [
  ...PROMPTS,
  ...LENGTHS,
  ...SAMPLING,
  ...OUTPUT,
  ...STATES,
  ...BATCHES,
  ...COMPUTING,
  ...SIGNALS,
  ...ENVIRONMENT,
  ...HINTS,
  ...SEQUENCES,
  ...GENERAL,
  ...EVAL,
  ...CHECKPOINTS,
  ...OTHERS,
  ...BENCH,
];

import type { Command } from '../command.js';
import { bench } from './bench/index.js';
import { completion } from './completion.js';
import { embed } from './embed.js';
import { devices } from './devices.js';
import { evaluateFile } from './eval.js';
import { exportWeights } from './export.js';
import { generate } from './generate/index.js';
import { importBundle } from './import.js';
import { inspect } from './inspect.js';
import { quantize } from './quantize.js';
import { score } from './score.js';
import { tokenize } from './tokenize.js';
import { tune } from './tune.js';

/** In the order that help lists them. */
export const COMMANDS: readonly Command[] = [
  generate,
  score,
  embed,
  bench,
  evaluateFile,
  importBundle,
  exportWeights,
  quantize,
  inspect,
  devices,
  tune,
  tokenize,
  completion,
];

/** The tables alone. */
export const SPECS = COMMANDS.map(({ spec }) => spec);

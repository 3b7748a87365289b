import { command } from '../../command.js';
import { generateBatch } from './batch.js';
import { checkConflicts } from './conflicts.js';
import { generateOne } from './one.js';
import { GENERATE } from './spec.js';

export const generate = command(GENERATE, async (call) => {
  checkConflicts(call);
  await (call.options.batch === undefined ? generateOne(call) : generateBatch(call));
});

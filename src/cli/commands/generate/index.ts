import type { GENERATE } from '../../options/index.js';
import type { Call } from '../../program.js';
import { generateBatch } from './batch.js';
import { checkConflicts } from './conflicts.js';
import { generateOne } from './one.js';

export async function generate(call: Call<typeof GENERATE>): Promise<void> {
  checkConflicts(call);
  await (call.options.batch === undefined ? generateOne(call) : generateBatch(call));
}

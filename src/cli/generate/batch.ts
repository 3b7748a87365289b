import type { GENERATE } from '../options/index.js';
import type { Call } from '../program.js';

export function generateBatch(call: Call<typeof GENERATE>): Promise<void> {
  void call;
  throw new Error('not yet');
}

import { completionScript, type Shell } from '../docs/completion.js';
import type { COMPLETION } from '../options/index.js';
import type { Call } from '../program.js';

export async function completion({ args: [shell], io }: Call<typeof COMPLETION>): Promise<void> {
  await io.stdout.write(completionScript(shell as Shell));
}

import { completionScript, type Shell } from '../docs/completion.js';
import { command } from '../command.js';
import { EVERYWHERE, type CommandSpec } from '../options/index.js';

const COMPLETION = {
  name: 'completion',
  summary: 'a script that lets a shell complete commands and options',
  arguments: [{ name: '<shell>', help: 'which shell', choices: ['bash', 'zsh', 'fish'] }],
  options: { ...EVERYWHERE },
  examples: [
    ['source <(flashinf completion bash)', 'in ~/.bashrc'],
    ['source <(flashinf completion zsh)', 'in ~/.zshrc, after compinit'],
    ['flashinf completion fish | source', 'in ~/.config/fish/config.fish'],
  ],
} as const satisfies CommandSpec;

export const completion = command(COMPLETION, async ({ args: [shell], commands, io }) => {
  await io.stdout.write(completionScript(shell as Shell, commands));
});

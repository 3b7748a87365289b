import { spawnSync } from 'node:child_process';

/** Whether a program of other people is there, and by its version the one that is meant. */
export function has(
  program: string,
  version: RegExp = /./,
  args: readonly string[] = ['--version'],
): boolean {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 && version.test(stdout);
}

/** `describe` where a program is there; else its tests are skipped, and their names say why. */
export function describeWith(program: string, there: boolean): (name: string, tests: () => void) => void {
  return (name, tests) =>
    there ? describe(name, tests) : describe.skip(`${name} (${program} is not installed here)`, tests);
}

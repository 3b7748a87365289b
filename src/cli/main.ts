import { CommanderError } from 'commander';
import { COMMANDS, SPECS } from './commands/index.js';
import { describe, EXIT, exitCodeOf, Hint, printable } from './errors.js';
import { processIo, type Io } from './io.js';
import { explain, makeProgram } from './program.js';

const isHelp = (error: unknown): boolean =>
  error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help');

const INTERRUPTIONS = ['SIGINT', 'SIGTERM'] as const;
type Interruption = (typeof INTERRUPTIONS)[number];

/** Of a signal: the shell that called must see that it was one, or Ctrl-C would end one round of its loop only. */
function die(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

/**
 * Runs a command line in a program's surroundings; errors are told on stderr.
 *
 * @returns the exit code; it never throws
 */
export async function runCommandLine(argv: readonly string[], io: Io): Promise<number> {
  const program = makeProgram(io, COMMANDS);
  const told = (error: unknown): string => {
    if (error instanceof CommanderError) return printable(explain(error, SPECS), 'one line');
    const verbose = program.commands.some((command) => command.opts()['verbose'] === true);
    if (verbose && error instanceof Error && error.stack !== undefined)
      return printable(error.stack, 'lines');
    return printable(describe(error), error instanceof Hint ? 'lines' : 'one line');
  };
  const failed = (error: unknown): number => {
    // Whoever interrupts knows it; and help that was asked for is not an error.
    if (error !== io.signal.reason && !isHelp(error)) io.note(`${io.colour.red('error:')} ${told(error)}`);
    return exitCodeOf(error);
  };
  let code: number = EXIT.done;
  try {
    if (argv.length === 0) {
      program.outputHelp({ error: true });
      return EXIT.usage;
    }
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    code = failed(error);
  }
  try {
    // Once interrupted, it ends also while a reader that has stopped reading leaves something of it.
    await io.stdout.end();
  } catch (error) {
    code = failed(error);
  }
  return code;
}

/** Runs the process's command line and returns its exit code. Interrupted, it cleans up, saves what it was told to, and dies. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  let interrupted: Interruption | undefined;
  const onSignal = (signal: Interruption): void => {
    if (interrupted) die(signal); // the second time, at once
    interrupted = signal;
    stop.abort();
  };
  for (const signal of INTERRUPTIONS) process.on(signal, () => onSignal(signal));

  const code = await runCommandLine(argv, processIo(stop.signal));
  if (interrupted) die(interrupted);
  return interrupted ? EXIT[interrupted] : code;
}

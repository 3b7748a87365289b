import { Command, CommanderError } from 'commander';
import { benchCommand } from './bench.js';
import { EXIT, exitCodeOf } from './errors.js';
import { evalCommand } from './eval.js';
import { exportCommand } from './export.js';
import { generateCommand } from './generate.js';
import { importCommand } from './import.js';
import { inspectCommand } from './inspect.js';
import { processIo, type Io } from './io.js';
import { tokenizeCommand } from './tokenize.js';
import { VERSION } from './version.js';

/** The program: every command and option, nothing run yet. */
export function makeProgram(io: Io): Command {
  const program = new Command('flashinf')
    .description('Exact, quasilinear-time text generation for long-convolution (Hyena) language models')
    .version(VERSION)
    .option('--verbose', 'show where an error comes from')
    .showSuggestionAfterError();
  for (const make of [
    generateCommand,
    benchCommand,
    evalCommand,
    importCommand,
    exportCommand,
    inspectCommand,
    tokenizeCommand,
  ]) {
    program.addCommand(make(io));
  }
  // Exiting is main's: process.exit would cut off what is still on its way to a pipe.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: (text) => io.note(text.trimEnd()) });
  }
  return program;
}

/** Runs a command line. Returns the exit code; never throws, never exits. */
export async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController();
  let interrupted = 0;
  const onSignal = (code: number) => (): void => {
    if (interrupted) process.exit(code); // the second time, at once
    interrupted = code;
    stop.abort();
  };
  process.on('SIGINT', onSignal(EXIT.interrupted));
  process.on('SIGTERM', onSignal(EXIT.terminated));

  const io = processIo(stop.signal);
  const program = makeProgram(io);
  const failed = (error: unknown): number => {
    // Commander has printed its own message, and whoever interrupts knows it.
    if (!(error instanceof CommanderError) && error !== stop.signal.reason) {
      const { message, stack } = error instanceof Error ? error : new Error(String(error));
      io.note(`${io.colour.red('error:')} ${program.opts()['verbose'] && stack ? stack : message}`);
    }
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
    await io.stdout.end();
  } catch (error) {
    code = failed(error);
  }
  return interrupted || code;
}

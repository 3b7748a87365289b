import { CommanderError } from 'commander';
import { bench } from './commands/bench.js';
import { completion } from './commands/completion.js';
import { EXIT, exitCodeOf } from './errors.js';
import { evaluateFile } from './commands/eval.js';
import { exportWeights } from './commands/export.js';
import { generate } from './commands/generate/index.js';
import { importBundle } from './commands/import.js';
import { inspect } from './commands/inspect.js';
import { processIo } from './io.js';
import { explain, makeProgram, type Run } from './program.js';
import { tokenize } from './commands/tokenize.js';
import { tune } from './commands/tune.js';

/** By the names of `COMMANDS`; each takes the call that its own options make. */
const RUNS = {
  generate,
  bench,
  eval: evaluateFile,
  import: importBundle,
  export: exportWeights,
  inspect,
  tokenize,
  tune,
  completion,
} as unknown as Readonly<Record<string, Run>>;

const isHelp = (error: unknown): boolean =>
  error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help');

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
  const program = makeProgram(io, RUNS);
  const describe = (error: unknown): string => {
    if (error instanceof CommanderError) return explain(error);
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    const verbose = program.commands.some((command) => command.opts()['verbose'] === true);
    return verbose && stack !== undefined ? stack : message;
  };
  const failed = (error: unknown): number => {
    // Whoever interrupts knows it; and help that was asked for is not an error.
    if (error !== stop.signal.reason && !isHelp(error))
      io.note(`${io.colour.red('error:')} ${describe(error)}`);
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
    // What a reader that has stopped reading will not take would keep the process alive.
    if (!(await io.stdout.end())) process.exit(interrupted);
  } catch (error) {
    code = failed(error);
  }
  return interrupted || code;
}

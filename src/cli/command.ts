import type { Command as CommanderCommand } from 'commander';
import type { Io } from './io.js';
import type { CommandSpec, OptionValues } from './options/index.js';

/** A parsed command line, as the command that it names receives it. */
export interface Call<S extends CommandSpec> {
  readonly options: OptionValues<S['options']>;
  readonly args: readonly string[];
  /** Whether an option is on the command line itself, not only in the environment or by default. */
  readonly given: (option: string & keyof S['options']) => boolean;
  /** Names of the options as they stand on the command line, and `argument` for an argument. */
  readonly order: readonly string[];
  /** All commands of the program. */
  readonly commands: readonly CommandSpec[];
  readonly io: Io;
}

/** What a parser has made of a command line. */
export interface Parsed extends Pick<Call<CommandSpec>, 'args' | 'order' | 'commands' | 'io'> {
  /** Values by name, of the types that the parser was told to make. */
  readonly opts: CommanderCommand['opts'];
}

/** What can be typed, and what it does. */
export interface Command {
  readonly spec: CommandSpec;
  readonly run: (parsed: Parsed) => void | Promise<void>;
}

/** A command of its table of options and the function that receives their values. */
export function command<S extends CommandSpec>(
  spec: S,
  run: (call: Call<S>) => void | Promise<void>,
): Command {
  return {
    spec,
    run: ({ opts, order, ...rest }) =>
      run({
        ...rest,
        order,
        options: opts<OptionValues<S['options']>>(),
        given: (option) => order.includes(option),
      }),
  };
}

/** Commander, driven by the tables in `options/`. */
import { Argument, Command, Help, InvalidArgumentError, Option, type CommanderError } from 'commander';
import type { Command as OurCommand } from './command.js';
import type { Io } from './io.js';
import { COMMAND_HINTS, OPTION_HINTS, SHORT_HINTS } from './options/hints.js';
import {
  accepts,
  defaultText,
  DESCRIPTION,
  ENVIRONMENT,
  EXIT_CODES,
  longFlag,
  parseCounts,
  parseDuration,
  parseSize,
  placeholder,
  rangeOf,
  spellings,
  twin,
  type CommandSpec,
  type OptionSpec,
} from './options/index.js';
import { VERSION } from './version.js';

/** The program: every command and option, nothing run yet. */
export function makeProgram(io: Io, commands: readonly OurCommand[]): Command {
  const program = new Command('flashinf')
    .description(DESCRIPTION)
    .version(VERSION)
    // A command's words reach it whole, arguments before its first option included.
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      () => `\n${wrapped(ENVIRONMENT)}\n\nExit codes:\n${exitCodes()}\n\nExamples:\n${EXAMPLES}`,
    );
  const specs = commands.map(({ spec }) => spec);
  for (const command of commands) program.addCommand(makeCommand(command, specs, io));
  // Printing errors, and exiting, is main's: process.exit would cut off what is still on its way to a pipe.
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .configureOutput({ outputError: () => undefined })
      // Commander would add defaults, choices and the environment in its own words.
      .configureHelp({
        optionDescription: ({ description }) => description,
        // Without "[options]", which all have: summaries then have room for lines of 80 columns.
        subcommandTerm: (of) => `${of.name()} ${of.usage()}`.replace(' [options]', '').trimEnd(),
      });
  }
  return program;
}

function makeCommand({ spec, run }: OurCommand, commands: readonly CommandSpec[], io: Io): Command {
  const command = new Subcommand(spec.name).description(spec.summary);
  for (const { name, help, choices } of spec.arguments ?? []) {
    const argument = new Argument(name, help);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  for (const [name, option] of Object.entries(spec.options)) {
    command.addOption(makeOption(name, option));
    for (const alias of aliases(name, option)) command.addOption(alias);
  }
  command.addHelpText(
    'after',
    () => `\n${[...notes(spec), examples(spec), wrapped(ENVIRONMENT)].join('\n\n')}`,
  );
  return command.action((...received: unknown[]) => {
    const args = received.slice(0, -2).filter((argument) => argument !== undefined) as string[];
    const order = orderOf(command.words, spec);
    return run({ opts: command.opts.bind(command), args, order, commands, io });
  });
}

/** Cells of a line of help. */
const columns = (): number => process.stdout.columns || 80;

const wrapped = (text: string): string => new Help().boxWrap(text, columns());

/** Lines to try first, where a terminal still shows them. */
const EXAMPLES = ['flashinf generate -p "Once upon a time"', 'flashinf generate --help', 'man flashinf']
  .map((line) => `  ${line}`)
  .join('\n');

function notes({ notes = [] }: CommandSpec): string[] {
  return notes.map(({ title, text, list = [] }) => {
    const width = Math.max(0, ...list.map(([name]) => name.length)) + 2;
    const lines = list.map(([name, meaning]) => indented(name.padEnd(width), meaning));
    return [`${title}:`, indented('', text), ...lines].join('\n');
  });
}

/** A text two cells in, wrapped beside its name. */
function indented(name: string, text: string): string {
  const lines = new Help().boxWrap(text, columns() - 2 - name.length).split('\n');
  return lines.map((line, k) => `  ${k === 0 ? name : ' '.repeat(name.length)}${line}`).join('\n');
}

/** What each does beside it where all lines have room for that, and else above it. */
function examples({ examples }: CommandSpec): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const beside = examples.map(([line, what]) => `  ${line.padEnd(width)}  # ${what}`);
  const fits = beside.every((line) => line.length < columns());
  const lines = fits ? beside : examples.map(([line, what]) => `  # ${what}\n  ${line}`);
  return ['Examples:', ...lines].join('\n');
}

/** A command that remembers its part of the command line. */
class Subcommand extends Command {
  words: readonly string[] = [];

  override parseOptions(words: string[]): ReturnType<Command['parseOptions']> {
    this.words = words;
    return super.parseOptions(words);
  }
}

/** What each word of a command line that Commander has accepted belongs to; of an option given again, the last one. */
function orderOf(words: readonly string[], { options }: CommandSpec): string[] {
  const names = new Map<string, string>();
  for (const [name, spec] of Object.entries(options)) {
    for (const flag of spellings(name, spec)) names.set(flag, name);
  }
  const order: string[] = [];
  for (let k = 0; k < words.length; k++) {
    const word = words[k];
    if (word === '--') return [...order, ...words.slice(k + 1).map(() => 'argument')];
    const long = word.startsWith('--');
    const name = names.get(long ? word.split('=', 1)[0] : word.slice(0, 2));
    if (name === undefined) {
      if (word === '-' || !word.startsWith('-')) order.push('argument');
      continue;
    }
    const { type } = options[name];
    const apart = long ? !word.includes('=') : word.length === 2;
    const follows = type === 'optional text' ? !/^-./.test(words[k + 1] ?? '-x') : type !== 'flag';
    if (apart && follows) k++;
    order.push(name);
  }
  return order.filter((name, k) => name === 'argument' || order.lastIndexOf(name) === k);
}

function makeOption(name: string, spec: OptionSpec): Option {
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  const option = new Option(`${short}${longFlag(name, spec)} ${placeholder(spec)}`.trimEnd(), helpOf(spec));
  const variable = process.env[twin(name, spec)]?.toLowerCase() ?? '';
  const isSwitch = spec.type === 'flag' || spec.type === 'optional text';
  // Empty is as good as unset.
  if (variable !== '' && !(isSwitch && OFF.has(variable))) option.env(twin(name, spec));
  if (spec.group !== undefined) option.helpGroup(`${spec.group}:`);
  if (spec.type === 'flag') return option;
  if (spec.type === 'optional text' && ON.has(variable))
    return new Option(option.flags, option.description).default(true);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.required) option.makeOptionMandatory();
  return withParser(option, spec);
}

/** Values of a switch's twin in the environment that leave it off, and that turn one on that could also name a file. */
const OFF: ReadonlySet<string> = new Set(['0', 'false', 'no', 'off']);
const ON: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'on']);

/** Other spellings set the same value, and help does not list them. */
function aliases(name: string, spec: OptionSpec): Option[] {
  return (spec.aliases ?? []).map((alias) => {
    const option = new Option(`--${alias} ${placeholder(spec)}`.trimEnd()).hideHelp();
    option.attributeName = () => name;
    return withParser(option, spec);
  });
}

function withParser(option: Option, spec: OptionSpec): Option {
  switch (spec.type) {
    case 'choice':
      return option.choices(spec.choices);
    case 'texts':
      return option.argParser((text: string, before: string[] = []) => {
        before.push(text); // a copy for each would take the square of their number
        return before;
      });
    case 'choices':
      return option.argParser((text) => {
        const names = text.split(',');
        if (names.every((name) => spec.choices.includes(name))) return names;
        throw new InvalidArgumentError(`Expected some of ${spec.choices.join(', ')}, with commas between.`);
      });
    case 'counts':
      return option.argParser((text) => {
        const counts = parseCounts(text, spec);
        if (counts !== undefined) return counts;
        const range = `from ${spec.from} to ${spec.to}`;
        throw new InvalidArgumentError(`Expected whole numbers ${range}, like 16K, 1,2,4 or 1K..16K.`);
      });
    case 'duration':
      return option.argParser((text) => {
        const ms = parseDuration(text);
        if (Number.isNaN(ms)) throw new InvalidArgumentError('Expected a time, like 20s or 3m.');
        return ms;
      });
    case 'number':
    case 'integer':
    case 'size':
      return option.argParser((text) => {
        const number = NUMBER.test(text) ? Number(text) : NaN;
        const value = spec.type === 'size' ? parseSize(text) : number;
        if (!accepts(spec, value)) throw new InvalidArgumentError(`Expected ${rangeOf(spec)}.`);
        return value;
      });
    default:
      return option;
  }
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

function helpOf(spec: OptionSpec): string {
  const notes: string[] = [];
  if (spec.type === 'choice' || spec.type === 'choices') notes.push(spec.choices.join(', '));
  const text = defaultText(spec);
  if (text !== undefined) notes.push(`default: ${text}`);
  if (spec.aliases) notes.push(`also ${spec.aliases.map((alias) => `--${alias}`).join(', ')}`);
  return notes.length === 0 ? spec.help : `${spec.help} (${notes.join('; ')})`;
}

const exitCodes = (): string =>
  EXIT_CODES.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`).join('\n');

/** Commander's message in one line, with what the user probably wanted. */
export function explain({ code, message }: CommanderError, commands: readonly CommandSpec[]): string {
  const text = message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
  const name = /^unknown (?:option|command) '(.*?)'/s.exec(text)?.[1];
  if (name === undefined) return text;
  const hint = code === 'commander.unknownCommand' ? lookUp(COMMAND_HINTS, name) : optionHint(name, commands);
  if (hint === undefined) return text;
  const bare = text.replace(/ \(Did you mean .*\)$/, '');
  return `${bare} (${hint.startsWith('-') || code === 'commander.unknownCommand' ? 'here: ' : ''}${hint})`;
}

/** Other programs write underscores, or one dash before a whole word. */
function optionHint(flag: string, commands: readonly CommandSpec[]): string | undefined {
  const [name] = flag.replace(/^--?/, '').replaceAll('_', '-').split('=', 1);
  const own = `--${name}`;
  if (own !== flag && flagsOf(commands).has(own)) return own;
  return lookUp(OPTION_HINTS, name) ?? (flag.startsWith('--') ? undefined : lookUp(SHORT_HINTS, name));
}

const lookUp = (hints: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(hints, name) ? hints[name] : undefined;

const flagsOf = (commands: readonly CommandSpec[]): ReadonlySet<string> =>
  new Set(
    commands.flatMap(({ options }) =>
      Object.entries(options).flatMap(([name, spec]) => spellings(name, spec)),
    ),
  );

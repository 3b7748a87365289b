/** The manual page, from the tables. */
import {
  defaultText,
  DESCRIPTION,
  ENVIRONMENT,
  EXIT_CODES,
  longFlag,
  placeholder,
  twin,
  type CommandSpec,
  type OptionSpec,
} from '../options/index.js';
import { SPECS } from '../commands/index.js';

/** Text as roff takes it: its escapes, and dashes that can be copied. */
const roff = (text: string): string =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replace(/^([.'])/gm, '\\&$1');

const STREAMS = [
  'Standard input is read where nothing else says what to continue (no -p, -f or --batch), or where it is asked for: ' +
    'as -, which stands for a part of the prompt in its place among -p and -f, or as the file -. A line end that a ' +
    'file or standard input ends with is not part of the prompt, unless --keep-newline is given; -p is taken as it is.',
  'Standard output carries the generated text only, or JSON only: no prompt, no banner, no colour, and a final line ' +
    'break only on a terminal. Everything else goes to standard error, and unless it is a terminal or --stats is ' +
    'given, a run that succeeds writes nothing there.',
  'Text is written token by token, in whole characters of UTF-8 (unless --raw is given). A reader that is slow makes ' +
    'generation wait; when it goes away, generation ends, and that is no error.',
];

const STATES =
  'A state that --save-state wrote holds the model’s and mixer’s state, the random generator and what was held back ' +
  'of the text: the text that --load-state goes on with is bit by bit what an uninterrupted run would have written. ' +
  'It is bound to the model, and written whole or not at all. Sampling and stops are the saved ones unless they are ' +
  'given again on the command line.';

/** @param version of the program */
export function manPage(version: string): string {
  return [
    `.TH FLASHINF 1 "" "flashinf ${version}" "User Commands"`,
    '.SH NAME',
    `flashinf \\- ${roff(DESCRIPTION)}`,
    '.SH SYNOPSIS',
    ...SPECS.flatMap((spec, k) => [...(k === 0 ? [] : ['.br']), synopsis(spec)]),
    '.SH STREAMS',
    ...paragraphs(STREAMS),
    ...SPECS.flatMap(command),
    '.SH STATES',
    ...paragraphs([STATES]),
    '.SH ENVIRONMENT',
    ...paragraphs([ENVIRONMENT]),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, roff(meaning)]),
    '',
  ].join('\n');
}

const paragraphs = (texts: readonly string[]): string[] =>
  texts.flatMap((text, k) => [...(k === 0 ? [] : ['.PP']), roff(text)]);

function synopsis({ name, arguments: args = [] }: CommandSpec): string {
  return `.B flashinf ${name}\n[\\fIoptions\\fR]${args.map((arg) => ` ${roff(arg.name)}`).join('')}`;
}

function command(spec: CommandSpec): string[] {
  const lines = [`.SH ${spec.name.toUpperCase()}`, roff(capital(spec.summary)) + '.'];
  for (const { name, help } of spec.arguments ?? []) lines.push('.TP', `.I ${roff(name)}`, roff(help));
  for (const [name, option] of Object.entries(spec.options)) lines.push(...optionLines(name, option));
  for (const { title, text, list = [] } of spec.notes ?? []) {
    lines.push(`.SS ${roff(title)}`, roff(text));
    for (const [name, meaning] of list) lines.push('.TP', `.B ${roff(name)}`, roff(meaning));
  }
  if (spec.notes !== undefined) lines.push('.SS Examples');
  for (const [line, what] of spec.examples)
    lines.push(
      '.PP',
      `${roff(capital(what))}:`,
      '.PP',
      '.RS',
      `.B ${roff(line).replaceAll('"', '\\(dq')}`,
      '.RE',
    );
  return lines;
}

function optionLines(name: string, spec: OptionSpec): string[] {
  const spellings = [
    ...(spec.short === undefined ? [] : [`-${spec.short}`]),
    longFlag(name, spec),
    ...(spec.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const flags = spellings.map((flag) => `\\fB${roff(flag)}\\fR`).join(', ');
  const value = spec.type === 'flag' ? '' : ` \\fI${roff(placeholder(spec))}\\fR`;
  const notes = [
    ...(spec.type === 'choice' ? [`One of ${spec.choices.join(', ')}.`] : []),
    ...(spec.type === 'choices' ? [`Some of ${spec.choices.join(', ')}.`] : []),
    ...(defaultText(spec) === undefined ? [] : [`Default: ${defaultText(spec)}.`]),
  ];
  return [
    '.TP',
    flags + value,
    `${roff(`${capital(spec.help)}. ${notes.join(' ')}`)} \\%${twin(name, spec)}.`,
  ];
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

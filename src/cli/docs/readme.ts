/** The README's section of options, from the tables. */
import { defaultText, longFlag, placeholder, type OptionSpec } from '../options/index.js';
import { SPECS } from '../commands/index.js';
import { GENERATE } from '../commands/generate/spec.js';

const BEGIN = '<!-- options: made by scripts/build/docs.js -->';
const END = '<!-- end of options -->';

/** The README with its options as they are now. Throws if it has no place for them. */
export function withOptions(readme: string): string {
  const [before, rest = ''] = readme.split(BEGIN);
  const after = rest.split(END)[1];
  if (after === undefined) throw new Error(`the README has no lines ${BEGIN} and ${END}`);
  return `${before}${BEGIN}\n\n${optionsSection()}\n${END}${after}`;
}

function optionsSection(): string {
  const rows = Object.entries(GENERATE.options).map(([name, spec]) => optionRow(name, spec));
  const others = SPECS.filter(({ name }) => name !== GENERATE.name).map(
    ({ name, arguments: args = [], summary }) =>
      `| \`flashinf ${[name, ...args.map((arg) => arg.name)].join(' ')}\` | ${escaped(summary)} |`,
  );
  return [
    '| `flashinf generate` | |',
    '|---|---|',
    ...rows,
    '',
    '| other commands | |',
    '|---|---|',
    ...others,
    '',
  ].join('\n');
}

function optionRow(name: string, spec: OptionSpec): string {
  const flags = [
    ...(spec.short === undefined ? [] : [`-${spec.short}`]),
    `${longFlag(name, spec)} ${placeholder(spec)}`.trimEnd(),
    ...(spec.aliases ?? []).map((alias) => `--${alias}`),
  ];
  const text = defaultText(spec);
  const choices = spec.type === 'choice' || spec.type === 'choices' ? `: ${spec.choices.join(', ')}` : '';
  return `| ${flags.map((flag) => `\`${flag}\``).join(', ')} | ${escaped(spec.help + choices)}${text === undefined ? '' : ` (${escaped(text)})`} |`;
}

const escaped = (text: string): string => text.replace(/[|<]/g, '\\$&');

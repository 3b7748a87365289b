/** Scripts that complete commands, options and their values, for the shells. */
import { spellings, type CommandSpec, type OptionSpec } from '../options/index.js';

export type Shell = 'bash' | 'zsh' | 'fish';

export function completionScript(shell: Shell, commands: readonly CommandSpec[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** What may follow an option or stand for an argument. */
interface Values {
  readonly words: readonly string[];
  /** Several of the words may be given, with commas between. */
  readonly list?: boolean;
  readonly completes: 'file' | 'directory' | 'nothing';
}

const NO_VALUES: Values = { words: [], completes: 'nothing' };

function valuesOf(spec: OptionSpec): Values | null {
  if (spec.type === 'flag') return null;
  if (spec.type === 'choice' || spec.type === 'choices')
    return { words: spec.choices, list: spec.type === 'choices', completes: 'nothing' };
  if (spec.type === 'text' || spec.type === 'optional text')
    return { words: [], completes: spec.completes ?? 'nothing' };
  return NO_VALUES;
}

function argumentOf({ arguments: [argument] = [] }: CommandSpec): Values {
  if (argument === undefined) return NO_VALUES;
  return { words: argument.choices ?? [], completes: argument.completes ?? 'nothing' };
}

/** Every spelling of a command's options. */
function flagsOf(spec: CommandSpec): { flags: string[]; values: Values | null; help: string }[] {
  const own = Object.entries(spec.options).map(([name, option]) => ({
    flags: spellings(name, option),
    values: option.type === 'optional text' ? null : valuesOf(option),
    help: option.help,
  }));
  return [...own, { flags: ['--help', '-h'], values: null, help: 'show help' }];
}

const GENERATORS = { file: 'compgen -f', directory: 'compgen -d', nothing: 'compgen' };

function bash(commands: readonly CommandSpec[]): string {
  const reply = ({ words, list, completes }: Values): string => {
    if (words.length === 0) return `mapfile -t COMPREPLY < <(${GENERATORS[completes]} -- "$word")`;
    const offered = `compgen -W '${words.join(' ')}'`;
    if (!list) return `mapfile -t COMPREPLY < <(${offered} -- "$word")`;
    return `mapfile -t COMPREPLY < <(${offered} -P "\${word%"\${word##*,}"}" -- "\${word##*,}")`;
  };
  const names = reply({ words: commands.map(({ name }) => name), completes: 'nothing' });
  const command = (spec: CommandSpec): string => {
    const options = flagsOf(spec);
    const cases = options
      .filter(({ values }) => values !== null)
      .map(({ flags, values }) => `        ${flags.join(' | ')}) ${reply(values!)}; return ;;`);
    return `    ${spec.name})
      case $before in
${cases.join('\n')}
      esac
      if [[ $word == -* ]]; then ${reply({ words: options.flatMap(({ flags }) => flags), completes: 'nothing' })}
      else ${reply(argumentOf(spec))}; fi ;;`;
  };
  return `# bash completion for flashinf: source <(flashinf completion bash)
_flashinf() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  # --option=value is three words here.
  if [[ $before == = ]]; then before=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $word == = ]]; then word=; fi
  if ((COMP_CWORD == 1)); then
    ${reply({ words: [...commands.map(({ name }) => name), 'help', '--help', '--version'], completes: 'nothing' })}
    return
  fi
  case \${COMP_WORDS[1]} in
    help) ${names} ;;
${commands.map(command).join('\n')}
  esac
}
complete -o filenames -F _flashinf flashinf
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly CommandSpec[]): string {
  const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
  const action = ({ words, list, completes }: Values): string =>
    words.length > 0
      ? list
        ? `_sequence compadd - ${words.join(' ')}`
        : `(${words.join(' ')})`
      : { file: '_files', directory: '_files -/', nothing: ' ' }[completes];
  const command = (spec: CommandSpec): string => {
    const options = flagsOf(spec).flatMap(({ flags, values, help }) =>
      flags.map((flag) => {
        const spelt = values && flag.startsWith('--') ? `${flag}=` : flag;
        return quoted(`*${spelt}[${escaped(help)}]${values ? `:value:${action(values)}` : ''}`);
      }),
    );
    // An argument that nothing can be offered for is left out: zsh would offer no options either.
    const argument = argumentOf(spec);
    const has = argument.words.length > 0 || argument.completes !== 'nothing';
    const specs = has ? [...options, quoted(`:argument:${action(argument)}`)] : options;
    return `    ${spec.name}) _arguments \\
${specs.map((line) => `      ${line}`).join(' \\\n')} ;;`;
  };
  const described = commands
    .map(({ name, summary }) => `    ${quoted(`${name}:${escaped(summary)}`)}`)
    .join('\n');
  return `#compdef flashinf
# zsh completion for flashinf: source <(flashinf completion zsh)
_flashinf() {
  local -a commands=(
${described}
    'help:show help of a command'
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
    help) _describe command commands ;;
${commands.map(command).join('\n')}
  esac
}
compdef _flashinf flashinf
`;
}

function fish(commands: readonly CommandSpec[]): string {
  const value = (values: Values | null): string => {
    if (values === null) return '';
    const words = values.words.join(' ');
    if (values.list) return ` -x -a ${quoted(`(__fish_append , ${words})`)}`;
    if (words !== '') return ` -x -a ${quoted(words)}`;
    return { file: ' -r -F', directory: " -x -a '(__fish_complete_directories)'", nothing: ' -x' }[
      values.completes
    ];
  };
  const lines = [
    '# fish completion for flashinf: flashinf completion fish | source',
    'complete -c flashinf -f',
  ];
  for (const { name, summary } of commands) {
    lines.push(`complete -c flashinf -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`);
  }
  const names = commands.map(({ name }) => name).join(' ');
  lines.push("complete -c flashinf -n __fish_use_subcommand -a help -d 'show help of a command'");
  lines.push(`complete -c flashinf -n '__fish_seen_subcommand_from help' -a ${quoted(names)}`);
  for (const spec of commands) {
    const here = `-n '__fish_seen_subcommand_from ${spec.name}'`;
    const { words, completes } = argumentOf(spec);
    if (words.length > 0) lines.push(`complete -c flashinf ${here} -a ${quoted(words.join(' '))}`);
    else if (completes !== 'nothing') lines.push(`complete -c flashinf ${here} -F`);
    for (const { flags, values, help } of flagsOf(spec)) {
      const spelt = flags.map((flag) =>
        flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
      );
      lines.push(`complete -c flashinf ${here} ${spelt.join(' ')}${value(values)} -d ${quoted(help)}`);
    }
  }
  return lines.join('\n') + '\n';
}

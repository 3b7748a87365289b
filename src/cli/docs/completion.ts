/** Scripts that complete commands, options and their values, for the shells. */
import { spellings, type CommandSpec, type OptionSpec } from '../options/index.js';

export type Shell = 'bash' | 'zsh' | 'fish';

export function completionScript(shell: Shell, commands: readonly CommandSpec[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** What may follow an option or stand for an argument. */
interface Values {
  readonly words: readonly string[];
  readonly completes: 'file' | 'directory' | 'nothing';
}

const NO_VALUES: Values = { words: [], completes: 'nothing' };

function valuesOf(spec: OptionSpec): Values | null {
  if (spec.type === 'flag') return null;
  if (spec.type === 'choice' || spec.type === 'choices') return { words: spec.choices, completes: 'nothing' };
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
  const reply = ({ words, completes }: Values): string => {
    const list = words.length > 0 ? `compgen -W '${words.join(' ')}'` : GENERATORS[completes];
    return `mapfile -t COMPREPLY < <(${list} -- "$word")`;
  };
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
  if ((COMP_CWORD == 1)); then
    ${reply({ words: [...commands.map(({ name }) => name), '--help', '--version'], completes: 'nothing' })}
    return
  fi
  case \${COMP_WORDS[1]} in
${commands.map(command).join('\n')}
  esac
}
complete -o filenames -F _flashinf flashinf
`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function zsh(commands: readonly CommandSpec[]): string {
  const escaped = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&');
  const action = ({ words, completes }: Values): string =>
    words.length > 0
      ? `(${words.join(' ')})`
      : { file: '_files', directory: '_files -/', nothing: ' ' }[completes];
  const command = (spec: CommandSpec): string => {
    const options = flagsOf(spec).flatMap(({ flags, values, help }) =>
      flags.map((flag) => quoted(`*${flag}[${escaped(help)}]${values ? `:value:${action(values)}` : ''}`)),
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
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local name=$words[2]
  shift words
  ((CURRENT--))
  case $name in
${commands.map(command).join('\n')}
  esac
}
compdef _flashinf flashinf
`;
}

function fish(commands: readonly CommandSpec[]): string {
  const value = (values: Values | null): string => {
    if (values === null) return '';
    if (values.words.length > 0) return ` -x -a ${quoted(values.words.join(' '))}`;
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

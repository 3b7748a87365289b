import { processIo } from '../../src/cli/io.js';
import { command } from '../../src/cli/command.js';
import { SPECS } from '../../src/cli/commands/index.js';
import { accepts, longFlag, twin, type CommandSpec, type OptionSpec } from '../../src/cli/options/index.js';
import { makeProgram } from '../../src/cli/program.js';

const io = processIo(new AbortController().signal);

/** What a command line of a command comes to, with these variables set. */
async function parsed(
  spec: CommandSpec,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<unknown> {
  const { name, arguments: args = [] } = spec;
  const needed = args.filter((arg) => arg.name.startsWith('<')).map(({ choices }) => choices?.[0] ?? 'x');
  let options: unknown;
  Object.assign(process.env, environment);
  try {
    const program = makeProgram(io, [command(spec, (call) => void (options = call.options))]);
    await program.parseAsync([name, ...needed, ...words], { from: 'user' });
  } finally {
    for (const variable of Object.keys(environment)) delete process.env[variable];
  }
  return options;
}

/** Values that are not the default, zero among them where it is one. */
function samples(spec: OptionSpec): string[] {
  switch (spec.type) {
    case 'flag':
      return ['1'];
    case 'choice':
    case 'choices':
      return [spec.choices.find((choice) => choice !== String(spec.default))!];
    case 'number':
    case 'integer':
      return [
        String(Math.min((spec.default ?? 1) + 1, spec.to ?? Infinity)),
        ...(accepts(spec, 0) ? ['0'] : []),
      ];
    case 'size':
      return ['123M'];
    case 'counts':
      return ['7', '8,16', '8..1K'];
    case 'duration':
      return ['20s', '3m'];
    case 'optional text':
      return ['x'];
    default:
      return ['x', '0', 'no', 'off'];
  }
}

/** Values that leave an option as if there were no variable; of most types, only the empty one. */
const NONE: Partial<Record<OptionSpec['type'], readonly string[]>> = {
  flag: ['', '0', 'no', 'off', 'False'],
};

describe.each(SPECS.map((table) => [table.name, table] as const))('%s', (_name, table) => {
  test.each(Object.entries(table.options).map(([name, spec]) => [twin(name, spec), name, spec] as const))(
    '%s is as good as the option',
    async (variable, name, spec) => {
      const others = Object.entries(table.options)
        .filter(([other, { type, ...rest }]) => type !== 'flag' && 'required' in rest && other !== name)
        .flatMap(([other, otherSpec]) => [longFlag(other, otherSpec), 'x']);
      const flag = longFlag(name, spec);
      for (const value of samples(spec)) {
        const given = spec.type === 'flag' ? [flag] : [`${flag}=${value}`];
        const wanted = await parsed(table, [...others, ...given], {});
        expect(await parsed(table, others, { [variable]: value })).toEqual(wanted);
        // The command line goes first.
        expect(await parsed(table, [...others, ...given], { [variable]: samples(spec)[0] })).toEqual(wanted);
      }
      if ('required' in spec) return;
      const without = await parsed(table, others, {});
      for (const none of NONE[spec.type === 'optional text' ? 'flag' : spec.type] ?? ['']) {
        expect(await parsed(table, others, { [variable]: none })).toEqual(without);
      }
    },
  );
});

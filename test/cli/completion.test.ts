/** The scripts, in the shells they are for: keys go in, and what the shell makes of them is looked at. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { BIN, run } from '../support/run.js';
import { describeWith, has } from '../support/tools.js';

/** With `flashinf` on its PATH, a file `once.txt`, and a directory `bundle`. */
const folder = temporaryDirectory();
writeFileSync(join(folder, 'once.txt'), 'once');
mkdirSync(join(folder, 'bundle'));
writeFileSync(join(folder, 'flashinf'), `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
chmodSync(join(folder, 'flashinf'), 0o755);
afterAll(removeTemporary);

/** What is typed, and what its last word becomes. */
const COMPLETED: readonly (readonly [typed: string, word: string])[] = [
  ['flashinf gener', 'generate'],
  ['flashinf tok', 'tokenize'],
  ['flashinf generate --load-s', '--load-state'],
  ['flashinf generate --max-t', '--max-tokens'],
  ['flashinf generate -p x --mixer ea', 'eager'],
  ['flashinf generate --device cu', 'cuda'],
  ['flashinf generate -f onc', 'once.txt'],
  ['flashinf generate -m bun', 'bundle/'],
  ['flashinf bench --no-end', '--no-end-to-end'],
  ['flashinf import --filter-layout st', 'stacked'],
  ['flashinf eval onc', 'once.txt'],
  ['flashinf completion fi', 'fish'],
  ['flashinf help gener', 'generate'],
  ['flashinf generate --mixer=ea', '--mixer=eager'],
  ['flashinf bench --mixers lazy,ea', 'lazy,eager'],
];

async function shell(...command: readonly string[]): Promise<string> {
  const options = {
    cwd: folder,
    env: { PATH: `${folder}:${process.env['PATH']}`, HOME: folder, TERM: 'dumb' },
  };
  const { code, stdout, stderr } = await run(command, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.toString();
}

const quoted = (text: string): string => `'${text}'`;
const typed = COMPLETED.map(([line]) => line);
const words = COMPLETED.map(([, word]) => word);

describeWith('bash', has('bash'))('in bash', () => {
  test('commands, options, values, files and directories', async () => {
    // What readline does before and after it calls the function.
    const script = `
      source <(flashinf completion bash)
      complete -p flashinf >/dev/null
      for line in ${typed.map(quoted).join(' ')}; do
        COMP_LINE=$line COMP_POINT=\${#line}
        read -ra COMP_WORDS <<<"\${line//=/ = }"
        COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
        _flashinf flashinf "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
        [[ $line == *=* ]] && printf '%s=' "\${COMP_WORDS[COMP_CWORD - 2]}"
        for word in "\${COMPREPLY[@]}"; do [[ -d $word ]] && word+=/; printf '%s ' "$word"; done
        echo
      done`;
    const lines = (await shell('bash', '--norc', '-c', script)).trimEnd().split('\n');
    expect(lines.map((line) => line.trim())).toEqual(words);
  });
});

describeWith('zsh', has('zsh'))('in zsh', () => {
  test('commands, options, values, files and directories', async () => {
    // A shell on a terminal of its own, into which another one types; in it, flashinf prints its last argument.
    const script = `
      zmodload zsh/zpty
      zpty inner zsh -f -i
      zpty -w inner 'PS1= PS2= RPS1=; unsetopt zle_bracketed_paste 2>/dev/null; autoload -U compinit; compinit -D -u'
      zpty -w inner 'source <(flashinf completion zsh); setopt no_beep no_auto_menu no_list_ambiguous'
      zpty -w inner 'flashinf() { print -r -- "<<\${@[-1]}>>" }; print READY'
      zpty -r inner output '*READY*READY*'
      for line in ${typed.map(quoted).join(' ')}; do
        zpty -w -n inner "$line"$'\\t\\n'
        zpty -r inner output '*<<*>>*'
        print -r -- "\${\${output##*<<}%%>>*}"
      done
      zpty -d inner`;
    const lines = (await shell('zsh', '-f', '-c', script)).trimEnd().split('\n');
    // A slash that completion added goes when the word is over.
    expect(lines).toEqual(words.map((word) => word.replace(/\/$/, '')));
  });
});

describeWith('fish', has('fish'))('in fish', () => {
  test('commands, options, values, files and directories', async () => {
    const script = `flashinf completion fish | source
      for line in ${typed.map(quoted).join(' ')}
        echo (complete -C $line | string replace -r '\\t.*' '')
      end`;
    const lines = (await shell('fish', '--no-config', '-c', script)).trimEnd().split('\n');
    expect(lines).toEqual(words);
  });

  test('what options are for is told', async () => {
    const script = "flashinf completion fish | source; complete -C 'flashinf generate --load-s'";
    expect(await shell('fish', '--no-config', '-c', script)).toBe(
      '--load-state\tgo on where a saved run stopped; -n counts from there\n',
    );
  });
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { byteModel } from '../support/models.js';
import { flashinf, SHIPPED } from '../support/run.js';
import { CTRL_C, describeOnTerminal, line, onTerminal } from '../support/terminal.js';

const ESCAPE = '\u001b';
/** To the line's start, and erase it. */
const CLEAR = `\r${ESCAPE}[K`;

const model = await byteModel();
const scratch = temporaryDirectory();
afterAll(removeTemporary);

describeOnTerminal('on a terminal', () => {
  test('generate without arguments says in three lines what to type', async () => {
    const { code, screen } = await onTerminal(line(['generate', '-m', model]), { env: { NO_COLOR: '1' } });
    expect({ code, screen }).toEqual({
      code: 2,
      screen: [
        'error: nothing to continue. Give a prompt, or pipe one in:',
        '  flashinf generate -p "Once upon a time"',
        '  echo "Once upon a time" | flashinf generate',
        '',
      ].join('\n'),
    });
  });

  const SHORT = ['generate', '-m', model, '-n', '5', '-s', '1', '--top-k', '1', '-p', 'once'];

  test('a text ends its line there, and nowhere else', async () => {
    const elsewhere = (await flashinf(SHORT)).stdout.toString();
    expect(elsewhere).not.toMatch(/\n$/);
    expect(await onTerminal(line(SHORT))).toEqual({ code: 0, screen: `${elsewhere}\n` });
  });

  test('JSON ends its line once', async () => {
    const { code, screen } = await onTerminal(line([...SHORT, '--json']));
    expect(code).toBe(0);
    expect(screen).toMatch(/^\{\n[^]*\n\}\n$/);
  });

  test('errors are coloured, unless NO_COLOR or a file forbids it', async () => {
    const wrong = ['generate', '--top-p', '2'];
    const file = join(scratch, 'errors');
    expect((await onTerminal(line(wrong))).screen).toContain(`${ESCAPE}[31merror:${ESCAPE}[39m `);
    expect((await onTerminal(line(wrong), { env: { NO_COLOR: '1' } })).screen).toMatch(/^error: /);
    expect(await onTerminal(`${line(wrong)} 2>${file}`)).toEqual({ code: 2, screen: '' });
  });

  describe('a prompt that takes a while', () => {
    const file = join(scratch, 'prompt');
    const args = ['generate', '-m', SHIPPED, '-f', file, '-n', '2', '-s', '1'];
    beforeAll(() => writeFileSync(file, 'It was the best of times, it was the worst of times. '.repeat(300)));

    test('has a line of status, which fits the terminal and is gone in the end', async () => {
      const { code, screen } = await onTerminal(line(args), { columns: 40 });
      expect(code).toBe(0);
      expect(screen).toMatch(/\rprompt .*━/);
      // A line that is as wide as the terminal would wrap, and could not be erased.
      // eslint-disable-next-line no-control-regex
      const drawn = screen.replace(/\u001b\[[\d;]*[mK]/g, '').split('\r');
      for (const status of drawn.slice(0, -1)) expect(status.length).toBeLessThan(40);
      // Behind the last trace of it is the text, and nothing else.
      const text = screen.slice(screen.lastIndexOf(CLEAR) + CLEAR.length);
      expect(text).toBe((await flashinf(args)).stdout.toString() + '\n');
    });

    test('has none with NO_COLOR, and none in a file', async () => {
      const without = await Promise.all([
        onTerminal(line(args), { env: { NO_COLOR: '1' } }),
        onTerminal(`${line(args)} 2>/dev/null`),
      ]);
      for (const { screen } of without) expect(screen).not.toContain(ESCAPE);
    });
  });

  test.each([
    ['a batch', ['--batch', join(scratch, 'batch.jsonl'), '-n', '1000'], /\rbatch .*\d\/400 texts/],
    ['a long text', ['-p', 'once', '-n', '100000'], /\rtext .*─.*[\d,]+\/100,000 tokens/],
  ])('%s that goes elsewhere: how far it is', async (_what, args, status) => {
    writeFileSync(join(scratch, 'batch.jsonl'), '{"prompt":"once"}\n'.repeat(400));
    const redirected = `${line(['generate', '-m', model, ...args])} > ${scratch}/out`;
    const { code, screen } = await onTerminal(redirected, { type: [[status, CTRL_C]] });
    expect(code).toBe(130);
    expect(screen).toMatch(status);
    expect(screen.endsWith(CLEAR)).toBe(true);
  });

  test('a stop that bash would have written otherwise: people are told', async () => {
    const { screen } = await onTerminal(`${line([...SHORT, '--stop', '\\n'])} >/dev/null`);
    expect(screen).toContain("$'\\n'");
  });
});

import { flashinf } from '../support/run.js';

const TEXT = 'Once upon a time, naïve café 🐈\n';

interface Tokens {
  text: string;
  ids: number[];
  tokens: { id: number; piece: string; bytes: number[] }[];
}

test('text to ids, with what each stands for, and back', async () => {
  const there = await flashinf(['tokenize', '--json', TEXT]);
  expect(there).toMatchObject({ code: 0, stderr: '' });
  const { text, ids, tokens } = JSON.parse(there.stdout.toString()) as Tokens;
  expect(text).toBe(TEXT);
  expect(tokens.map(({ id }) => id)).toEqual(ids);
  expect(Buffer.from(tokens.flatMap(({ bytes }) => bytes)).toString()).toBe(TEXT);

  const back = await flashinf(['tokenize', '--decode', ids.join(',')]);
  expect(back).toMatchObject({ code: 0, stderr: '' });
  expect(back.stdout.toString()).toBe(TEXT);
  const json = await flashinf(['tokenize', '--decode', '--json'], { input: JSON.stringify(ids) });
  expect((JSON.parse(json.stdout.toString()) as Tokens).text).toBe(TEXT);
});

test('reads stdin, and prints a table', async () => {
  const { code, stdout } = await flashinf(['tokenize'], { input: 'the the' });
  expect(code).toBe(0);
  expect(stdout.toString()).toMatch(/^\| id +\| +piece \|\n/);
  expect(stdout.toString()).toMatch(/" the"/);
});

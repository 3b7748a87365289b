/** Input that is too much, and systems that give too little: one line, soon, in little memory, and no neighbour harmed. */
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { byteModel } from '../support/models.js';
import { BIN, COMMAND, flashinf, run, type RunOptions } from '../support/run.js';
import { quoted } from '../support/terminal.js';
import { GOLDEN, removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const model = await byteModel();
const scratch = temporaryDirectory();
afterAll(removeTemporary);

const GENERATE = ['generate', '-m', model, '-n', '2', '-s', '1'];

/** So many bytes of a repeated text, as they are asked for. */
function much(text: string, bytes: number): Readable {
  const chunk = Buffer.from(text.repeat(Math.ceil(65536 / text.length)));
  function* chunks(): Generator<Buffer> {
    for (let sent = 0; sent < bytes; sent += chunk.length) yield chunk;
  }
  return Readable.from(chunks());
}

/** Runs it, and returns the most memory it held, too, in MiB; 0 where the system does not tell. */
async function measured(args: readonly string[], options: RunOptions = {}) {
  let peak = 0;
  const look = (child: ChildProcess): void => {
    const timer = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
        peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
      } catch {
        clearInterval(timer);
      }
    }, 50);
    child.on('close', () => clearInterval(timer));
  };
  const outcome = await flashinf(args, { ...options, control: look });
  return { ...outcome, peak };
}

test.concurrent.each<[string, string[], (() => Readable) | undefined, RegExp]>([
  ['100 MB of a prompt', GENERATE, () => much('a', 100e6), /stdin is longer than 32 MiB/],
  ['250 MB of zeros', GENERATE, () => much('\0', 250e6), /stdin is longer than 32 MiB/],
  [
    '10 MB of a prompt',
    GENERATE,
    () => much('a', 10e6),
    /the prompt: \d+ bytes do not fit the model's context/,
  ],
  ['/dev/zero as a prompt', [...GENERATE, '-f', '/dev/zero'], undefined, /\/dev\/zero is longer/],
  ['/dev/zero to score', ['eval', '-m', model, '/dev/zero'], undefined, /\/dev\/zero is longer/],
  [
    '/dev/zero as tokens',
    ['tokenize', '-m', model, '--file', '/dev/zero'],
    undefined,
    /\/dev\/zero is longer/,
  ],
])('%s: refused', async (_what, args, input, message) => {
  const { code, stderr, peak } = await measured(args, input && { input: input() });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(peak).toBeLessThan(1000);
});

const GOOD = '{"prompt":"once"}\n';

test.concurrent.each<
  [string, readonly [before: string, repeated: string, bytes: number, after: string], RegExp]
>([
  ['a line of 200 MB', ['[', '{},', 200e6, '1]'], /^line 2: longer than 4 MiB$/],
  ['a line of 3 MB of objects', ['[', '{},', 3e6, '1]'], /^line 2: /],
  ['a stop of 3 MB', ['{"prompt":"a","stop":"', 'a', 3e6, '"}'], /^line 2: stop: .*at most 65536 bytes/],
  ['a prompt of 3 MB', ['{"prompt":"', 'a', 3e6, '"}'], /^line 2: prompt: \d+ bytes do not fit/],
])('%s in a batch: refused, and the lines around it are not', async (_what, line, message) => {
  const [before, repeated, bytes, after] = line;
  async function* lines(): AsyncGenerator<Buffer | string> {
    yield `${GOOD}${before}`;
    yield* much(repeated, bytes);
    yield `${after}\n${GOOD}`;
  }
  const { code, stdout, peak } = await measured([...GENERATE, '--batch', '-'], {
    input: Readable.from(lines()),
  });
  const results = stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((result) => JSON.parse(result) as { error?: string; text?: string });
  expect(code).toBe(1);
  expect(results).toHaveLength(3);
  expect(results[1].error).toMatch(message);
  expect(results[0].text).toBe(results[2].text);
  expect(peak).toBeLessThan(1000);
});

test('20,000 stops on a command line', async () => {
  const stops = Array.from({ length: 20_000 }, (_, k) => `--stop=${k.toString(36)}`);
  const { code, stdout } = await flashinf([...GENERATE, '-p', 'once', ...stops, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(stdout.toString())).toMatchObject({ seed: 1 });
});

describe('a system that gives little', () => {
  const bash = (limit: string, env = {}): ReturnType<typeof run> =>
    run(['bash', '-c', `${limit}; exec ${quoted([...COMMAND, ...GENERATE])} -p once`], { env });

  test.concurrent('few open files: one line', async () => {
    const { code, stderr } = await bash('ulimit -n 20');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: too many open files.*ulimit -n.*\n$/);
  });

  test.concurrent('as many as most systems give: enough', async () => {
    expect(await bash('ulimit -n 256')).toMatchObject({ code: 0, stderr: '' });
  });

  test.concurrent('little address space: it works, or says how it would', async () => {
    const { code, stderr } = await bash('ulimit -v 16000000');
    if (code !== 0) {
      expect(stderr).toMatch(/^error: .*NODE_OPTIONS=--disable-wasm-trap-handler.*\n$/);
      const env = { NODE_OPTIONS: '--disable-wasm-trap-handler' };
      expect(await bash('ulimit -v 16000000', env)).toMatchObject({ code: 0, stderr: '' });
    }
  });

  test.concurrent.each(['12.22.0', '18.20.4', '20.12.2'])(
    'Node %s: named for what it lacks',
    async (version) => {
      const pretend = join(scratch, `${version}.cjs`);
      writeFileSync(
        pretend,
        `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } });`,
      );
      expect(await run([process.execPath, '--require', pretend, BIN, '--version'])).toMatchObject({
        code: 1,
        stderr: `error: flashinf needs Node 20.13 or newer, and this is ${version}\n`,
      });
    },
  );
});

describe('what people have instead of a bundle: they are told what to type', () => {
  const checkpoint = join(scratch, 'checkpoint');
  const hub = join(scratch, 'models--org--name');
  beforeAll(() => {
    mkdirSync(join(hub, 'snapshots'), { recursive: true });
    mkdirSync(checkpoint);
    cpSync(join(GOLDEN, 'tiny', 'model.safetensors'), join(checkpoint, 'model.safetensors'));
    writeFileSync(join(checkpoint, 'config.json'), '{"model_type":"hyenadna"}');
  });

  test.concurrent.each([
    ['a folder', () => checkpoint],
    ['a file', () => join(checkpoint, 'model.safetensors')],
    ["a hub's cache", () => hub],
  ])('%s', async (_what, path) => {
    for (const command of ['generate', 'tokenize', 'eval', 'inspect']) {
      const args = [
        command,
        '-m',
        path(),
        ...{ generate: ['-p', 'a'], tokenize: ['a'], eval: [BIN], inspect: [] }[command]!,
      ];
      const { code, stderr } = await flashinf(args);
      expect(code).toBe(3);
      expect(stderr).toContain(`flashinf import ${path()} -o DIR`);
    }
  });

  test('a name on a hub', async () => {
    const { code, stderr } = await flashinf(['generate', '-m', 'org/name', '-p', 'a']);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: expect.stringMatching(/^error: org\/name: .*nothing there.*flashinf import.*\n$/) as unknown,
    });
  });
});

test("a file's name that would move the cursor is spelt out", async () => {
  const { code, stderr } = await flashinf([...GENERATE, '-f', 'a\nb\u001b[31m']);
  expect({ code, stderr }).toEqual({
    code: 2,
    stderr: 'error: cannot read a\\u000ab\\u001b[31m: no such file or directory\n',
  });
});

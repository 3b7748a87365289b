/** Nothing leaves the machine, and nothing is written that the command line does not name. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder } from '../support/folder.js';
import { COMMAND, flashinf, run, type Outcome, type RunOptions } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';
import { describeWith, has } from '../support/tools.js';

const folder = await makeFolder();
afterAll(removeTemporary);

/** Each command that loads a model, and what it leaves in the folder it runs in. */
const BYTES = join(folder, 'bytes');
const COMMANDS: readonly { what: string; args: readonly string[]; leaves?: readonly string[] }[] = [
  { what: 'generate', args: ['generate', '-m', BYTES, '-p', 'once', '-n', '20'] },
  { what: 'a long prompt', args: ['generate', '-m', BYTES, '-p', 'once '.repeat(60), '-n', '3'] },
  {
    what: 'a saved state',
    args: ['generate', '-m', BYTES, '-p', 'once', '-n', '3', '--save-state', 's'],
    leaves: ['s'],
  },
  { what: 'a batch', args: ['generate', '-m', BYTES, '-n', '3', '--batch', join(folder, 'batch.jsonl')] },
  { what: 'eval', args: ['eval', '-m', BYTES, join(folder, 'once.txt')] },
  { what: 'bench', args: ['bench', '-m', BYTES, '--len', '20', '--budget', '1s', '-t', '2'] },
  { what: 'inspect', args: ['inspect', '-m', BYTES] },
  { what: 'import', args: ['import', join(folder, 'tiny'), '-o', 'new'], leaves: ['new'] },
];

/** A user who has nothing yet: a home, a place for temporary files, and an empty folder to work in. */
function newcomer(): { env: Record<string, string>; cwd: string; places: () => Record<string, string[]> } {
  const root = temporaryDirectory();
  const [home, tmp, cwd] = ['home', 'tmp', 'cwd'].map((name) => join(root, name));
  for (const place of [home, tmp, cwd]) mkdirSync(place);
  const places = (): Record<string, string[]> => ({
    home: readdirSync(home, { recursive: true }).map(String),
    tmp: readdirSync(tmp),
    cwd: readdirSync(cwd),
  });
  return { env: { HOME: home, TMPDIR: tmp }, cwd, places };
}

/** System calls that open a socket, as `strace` sees them; or calls of the C library, as a library loaded before it does. */
interface Watch {
  readonly name: string;
  readonly there: boolean;
  /** Runs a command, and returns what it did with the network. */
  readonly watch: (args: readonly string[], options: RunOptions) => Promise<Outcome & { calls: string }>;
}

const strace: Watch = {
  name: 'strace',
  there: has('strace'),
  watch: async (args, options) => {
    const log = join(temporaryDirectory(), 'log');
    const trace = ['strace', '-f', '-qq', '-e', 'trace=socket,connect,sendto,sendmsg', '-e', 'signal=none'];
    const outcome = await run([...trace, '-o', log, ...args], options);
    return { ...outcome, calls: readFileSync(log, 'utf8') };
  },
};

const SPY = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <errno.h>
static int seen(const char *what) {
  int log = open(getenv("SPY_LOG"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  if (write(log, what, strlen(what)) < 0) abort();
  close(log);
  errno = EACCES;
  return -1;
}
int socket(int domain, int type, int protocol) { return seen("socket\\n"); }
int connect(int socket, const void *address, unsigned length) { return seen("connect\\n"); }
int getaddrinfo(const char *node, const char *service, const void *hints, void **result) { return seen("getaddrinfo\\n"); }
`;

const preloaded: Watch = {
  name: 'cc',
  there: process.platform === 'linux' && has('cc'),
  watch: async (args, options) => {
    const place = temporaryDirectory();
    const [source, library, log] = ['spy.c', 'spy.so', 'log'].map((name) => join(place, name));
    writeFileSync(source, SPY);
    writeFileSync(log, '');
    expect(await run(['cc', '-shared', '-fPIC', '-o', library, source])).toMatchObject({ code: 0 });
    const env = { ...options.env, LD_PRELOAD: library, SPY_LOG: log };
    const outcome = await run(args, { ...options, env });
    return { ...outcome, calls: readFileSync(log, 'utf8') };
  },
};

const { name, there, watch } = strace.there ? strace : preloaded;

/** Who reports anything does so after some seconds: this one waits that long for its second prompt, beside all else here. */
async function* slowly(): AsyncGenerator<string> {
  yield '{"prompt":"once"}\n';
  await sleep(PATIENCE);
  yield '{"prompt":"once"}\n';
}
const PATIENCE = 20_000;
const patient = there
  ? watch([...COMMAND, 'generate', '-m', BYTES, '-n', '3', '--batch', '-'], {
      ...newcomer(),
      input: Readable.from(slowly()),
    })
  : null;

describeWith(name, there)(`watched by ${name}`, () => {
  test('a connection would be seen', async () => {
    const script = "require('node:net').connect(9, '127.0.0.1').on('error', () => {})";
    expect((await watch([process.execPath, '-e', script], {})).calls).toContain('socket');
  });

  test(`a run of ${PATIENCE / 1000} s opens none either`, async () => {
    const { code, calls } = await patient!;
    expect({ code, calls }).toEqual({ code: 0, calls: '' });
  });
});

// `run` hands on nothing of this environment but PATH: `CI` would turn telemetry off.
test.concurrent.each(COMMANDS)(
  `$what writes what it is told to, and nothing else${there ? ', and opens no socket' : ''}`,
  async ({ args, leaves = [] }) => {
    const { env, cwd, places } = newcomer();
    const { code, calls } = there
      ? await watch([...COMMAND, ...args], { env, cwd })
      : { ...(await flashinf(args, { env, cwd })), calls: '' };
    expect({ code, calls, ...places() }).toEqual({ code: 0, calls: '', home: [], tmp: [], cwd: leaves });
  },
);

test('a prompt of 100 kB on the command line', async () => {
  const prompt = 'once upon a time '.repeat(6000);
  const args = ['generate', '-m', BYTES, '-p', prompt, '-n', '3', '--json'];
  const { code, stdout, stderr } = await flashinf(args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(JSON.parse(stdout.toString())).toMatchObject({ timings: { prompt_n: prompt.length } });
});

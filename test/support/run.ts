import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/**
 * The program under test: this clone's, or the one that FLASHINF_BIN names, such as the
 * `node_modules/.bin/flashinf` of a folder that the package was installed into.
 */
export const BIN = resolve(
  process.env['FLASHINF_BIN'] ?? fileURLToPath(new URL('../../bin/flashinf.js', import.meta.url)),
);

/** The package it belongs to: what `import ... from 'flashinf'` gives a program there. */
export const PACKAGE = dirname(dirname(realpathSync(BIN)));

/** What to start. */
export const COMMAND: readonly [string, ...string[]] = [process.execPath, BIN];

/** The model the package comes with. */
export const SHIPPED = join(PACKAGE, 'models', 'hyena-classics');

export interface Outcome {
  /** As a shell sees it: 128 and the number of the signal that it died of, if it did. */
  readonly code: number;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to stdin, as fast as it is taken, which is then closed; without it stdin is /dev/null. */
  readonly input?: string | Uint8Array | Readable;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Ends the process with this signal as soon as it has written something. */
  readonly kill?: NodeJS.Signals;
  /** Interrupts the process (SIGINT) after so many ms. */
  readonly killAfter?: number;
  /** Has the process in hand while it runs. */
  readonly control?: (child: ChildProcess) => void;
  /** Where stdout goes instead of to the outcome. */
  readonly stdoutFile?: string;
  /** Closes stdout after its first bytes, as `head -c` does. */
  readonly closeEarly?: boolean;
}

/** Runs `flashinf` as a user's shell would: a process of its own, nothing but its streams and exit code. */
export function flashinf(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return run([...COMMAND, ...args], options);
}

/** The tests' own cache (see environment.cjs): the user's is found even without HOME. Who has a home has one there. */
const cacheFor = (env: RunOptions['env'] = {}): Record<string, string | undefined> =>
  'HOME' in env ? {} : { XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };

/** Runs any command that way. */
export function run([program, ...args]: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const file = options.stdoutFile === undefined ? null : openSync(options.stdoutFile, 'w');
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', file ?? 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...cacheFor(options.env), ...options.env },
      ...(options.cwd !== undefined && { cwd: options.cwd }),
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      // Once: a second signal ends it at once.
      if (options.kill && stdout.length === 0) child.kill(options.kill);
      stdout.push(chunk);
      if (options.closeEarly) child.stdout?.destroy();
    });
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (file !== null) closeSync(file);
      const code = signal === null ? status! : 128 + constants.signals[signal];
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr });
    });
    if (options.killAfter !== undefined) setTimeout(() => child.kill('SIGINT'), options.killAfter);
    options.control?.(child);
    child.stdin?.on('error', () => undefined);
    if (options.input instanceof Readable) options.input.pipe(child.stdin!);
    else child.stdin?.end(options.input);
  });
}

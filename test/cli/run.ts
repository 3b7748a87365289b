import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface Outcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface RunOptions {
  /** Written to stdin, which is then closed; without it stdin is /dev/null. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
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
  return new Promise((resolve, reject) => {
    const file = options.stdoutFile === undefined ? null : openSync(options.stdoutFile, 'w');
    const child = spawn(process.execPath, ['bin/flashinf.js', ...args], {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', file ?? 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], ...options.env },
    });
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      if (options.kill) child.kill(options.kill);
      if (options.closeEarly) child.stdout?.destroy();
    });
    child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (file !== null) closeSync(file);
      resolve({ code, stdout: Buffer.concat(stdout), stderr });
    });
    if (options.killAfter !== undefined) setTimeout(() => child.kill('SIGINT'), options.killAfter);
    options.control?.(child);
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(options.input);
  });
}

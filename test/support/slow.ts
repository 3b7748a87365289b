import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryDirectory } from './tiny-model.js';
import { COMMAND } from './run.js';

export interface Slow {
  /** Read in all. */
  readonly bytes: number;
  /** Bytes of memory the process had, second by second; empty where the system does not tell. */
  readonly resident: readonly number[];
  readonly code: number | null;
  readonly stderr: string;
}

/**
 * Runs `flashinf` with a reader that takes a byte a second and goes away after `seconds`. A named pipe, because node
 * would read ahead from one of its own.
 */
export async function readSlowly(args: readonly string[], seconds: number): Promise<Slow> {
  const pipe = join(temporaryDirectory(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  // Open for both, so that opening does not wait for a writer; the process has an end of its own.
  const reader = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = openSync(pipe, 'w');
  const child = spawn(COMMAND[0], [...COMMAND.slice(1), ...args], { stdio: ['ignore', writer, 'pipe'] });
  closeSync(writer);
  let stderr = '';
  child.stderr!.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const closed = once(child, 'close') as Promise<[number | null]>;
  const resident: number[] = [];
  let bytes = 0;
  // The minute begins with the first byte.
  while (bytes < seconds && child.exitCode === null) {
    await sleep(bytes === 0 ? 100 : 1000);
    if (!readByte(reader)) continue;
    bytes++;
    resident.push(...residentBytes(child.pid!));
  }
  closeSync(reader);
  const [code] = await closed;
  return { bytes, resident, code, stderr };
}

function readByte(descriptor: number): boolean {
  try {
    return readSync(descriptor, new Uint8Array(1)) === 1;
  } catch {
    return false; // there is none yet
  }
}

function residentBytes(pid: number): number[] {
  try {
    const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!;
    return [Number(kibibytes) * 1024];
  } catch {
    return [];
  }
}

import { Writable } from 'node:stream';
import { Chalk } from 'chalk';
import type { Io } from '../../src/cli/io.js';
import { runCommandLine } from '../../src/cli/main.js';
import { Output } from '../../src/cli/streams.js';
import type { Outcome } from './run.js';

/**
 * Runs a command line within this process, since starting one may take fifty times as long: for what needs nothing on stdin, no
 * signals and no environment of its own. Paths are relative to this process's folder.
 */
export async function within(args: readonly string[]): Promise<Outcome> {
  const { signal } = new AbortController();
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const colour = new Chalk({ level: 0 });
  const notes: string[] = [];
  const io: Io = {
    stdout: new Output(stream, signal),
    colour,
    outputColour: colour,
    signal,
    watched: false,
    note: (text) => void notes.push(`${text.replace(/^\n/, '')}\n`),
    progress: () => () => undefined,
    counter: () => () => undefined,
    during: (_what, work) => work,
  };
  const code = await runCommandLine(args, io);
  return {
    code,
    signal: null,
    stdout: Buffer.concat(chunks),
    stderr: notes.join(''),
  };
}

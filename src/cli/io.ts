import { Chalk, supportsColorStderr, type ChalkInstance } from 'chalk';
import type { Progress } from '../model/index.js';
import { Output } from './streams.js';

/** The process's surroundings, as the commands see them. */
export interface Io {
  readonly stdout: Output;
  /** Colours for stderr; plain where stderr is no terminal or NO_COLOR is set. */
  readonly colour: ChalkInstance;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** A line, or several, on stderr. */
  note(text: string): void;
  /**
   * A progress bar on a terminal, unless NO_COLOR is set; elsewhere nothing is drawn. Reporting to it throws the signal's reason once
   * that is aborted: whoever works long enough to report can be stopped there.
   */
  progress(what: string): Progress;
  /** The same for what cannot say how far it is: shows it on a terminal while `work` lasts. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

export function processIo(signal: AbortSignal): Io {
  const terminal = process.stderr.isTTY === true && !process.env['NO_COLOR'];
  const plain = !terminal || !supportsColorStderr;
  // What nobody can read is lost, and that ends nothing: the text is on stdout.
  process.stderr.on('error', () => undefined);
  const colour = new Chalk({ level: plain ? 0 : supportsColorStderr ? supportsColorStderr.level : 0 });
  return {
    stdout: new Output(process.stdout, signal),
    colour,
    signal,
    note: (text) => void process.stderr.write(`${text.replace(/^\n/, '')}\n`),
    progress: (what) => {
      const draw = terminal ? bar(what, colour) : () => undefined;
      return (done, total) => {
        signal.throwIfAborted();
        draw(done, total);
      };
    },
    during: async (what, work) => {
      if (!terminal) return work;
      let drawn = false;
      const timer = setTimeout(() => {
        drawn = true;
        process.stderr.write(colour.dim(`${what} ...`));
      }, PATIENCE);
      try {
        return await work;
      } finally {
        clearTimeout(timer);
        if (drawn) process.stderr.write(CLEAR);
      }
    },
  };
}

/** To the line's start, and erase it. */
const CLEAR = '\r\x1b[K';
const WIDTH = 30;
/** Quicker things than this need no bar, in ms. */
const PATIENCE = 300;

function bar(what: string, colour: ChalkInstance): Progress {
  const began = performance.now();
  let drawn = 0;
  return (done, total) => {
    const now = performance.now();
    if (done >= total) {
      if (drawn > 0) process.stderr.write(CLEAR);
    } else if (now - began > PATIENCE && now - drawn > 100) {
      drawn = now;
      const filled = Math.floor((done / total) * WIDTH);
      const share = `${Math.floor((done / total) * 100)}%`.padStart(4);
      process.stderr.write(
        `\r${what} ${colour.cyan('━'.repeat(filled))}${colour.dim('─'.repeat(WIDTH - filled))}${share}`,
      );
    }
  };
}

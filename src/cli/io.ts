import { Chalk, supportsColor, supportsColorStderr, type ChalkInstance } from 'chalk';
import type { Progress } from '../model/index.js';
import { PATIENCE, StatusLine } from './status.js';
import { Output } from './streams.js';

/** The process's surroundings, as the commands see them. */
export interface Io {
  readonly stdout: Output;
  /** Colours for stderr; plain where stderr is no terminal or NO_COLOR is set. */
  readonly colour: ChalkInstance;
  /** The same for stdout. */
  readonly outputColour: ChalkInstance;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** A line, or several, on stderr. */
  note(text: string): void;
  /**
   * A line of status on a terminal, unless NO_COLOR is set; elsewhere nothing is drawn. It is erased when all is done, and
   * when a signal arrives. Reporting to it throws the signal's reason once that is aborted: whoever works long enough to
   * report can be stopped there.
   *
   * @param unit what is counted, if people want to know more than the share
   */
  progress(what: string, unit?: string): Progress;
  /** Whether somebody sees lines of status while stdout goes elsewhere. */
  readonly watched: boolean;
  /** How much is written to stdout, if `watched`. It throws nothing; `undefined` erases it. */
  counter(what: string, unit: string, total?: number): (done: number | undefined) => void;
  /** The same for what cannot say how far it is: shows it on a terminal while `work` lasts. */
  during<T>(what: string, work: Promise<T>): Promise<T>;
}

export function processIo(signal: AbortSignal): Io {
  const terminal = process.stderr.isTTY === true && !process.env['NO_COLOR'];
  const plain = !terminal || !supportsColorStderr;
  // What nobody can read is lost, and that ends nothing: the text is on stdout.
  process.stderr.on('error', () => undefined);
  const colour = new Chalk({ level: plain ? 0 : supportsColorStderr ? supportsColorStderr.level : 0 });
  const rich = process.stdout.isTTY === true && !process.env['NO_COLOR'];
  const outputColour = new Chalk({ level: rich && supportsColor ? supportsColor.level : 0 });
  const line = terminal ? new StatusLine(process.stderr, colour) : undefined;
  signal.addEventListener('abort', () => line?.erase());
  const watched = line !== undefined && process.stdout.isTTY !== true;
  return {
    watched,
    stdout: new Output(process.stdout, signal),
    colour,
    outputColour,
    signal,
    note: (text) => {
      line?.erase();
      process.stderr.write(`${text.replace(/^\n/, '')}\n`);
    },
    progress: (what, unit) => {
      const began = performance.now();
      return (done, total) => {
        signal.throwIfAborted();
        if (done >= total) line?.erase();
        else line?.draw({ what, done, total, unit, elapsed: performance.now() - began });
      };
    },
    counter: (what, unit, total) => {
      const began = performance.now();
      return (done) => {
        if (done === undefined) line?.erase();
        else if (watched && !signal.aborted)
          line?.draw({ what, done, total, unit, elapsed: performance.now() - began });
      };
    },
    during: async (what, work) => {
      if (!line) return work;
      const timer = setTimeout(() => line.wait(what), PATIENCE);
      try {
        return await work;
      } finally {
        clearTimeout(timer);
        line.erase();
      }
    },
  };
}

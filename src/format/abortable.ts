import type { Progress } from './progress.js';

/** A report that throws the signal's reason once it is aborted: work that reports can be stopped wherever it does. */
export function abortable(signal: AbortSignal | undefined, report?: Progress): Progress {
  return (done, total) => {
    signal?.throwIfAborted();
    report?.(done, total);
  };
}

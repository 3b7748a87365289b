import type { ChalkInstance } from 'chalk';

/** Erases the line from here on. */
const ERASE = '\x1b[K';
/** Quicker things than this need no status, in ms. */
export const PATIENCE = 300;
/** Between two drawings, in ms. */
const PAUSE = 100;
/** An estimate of what is left means something after so many ms. */
const SETTLED = 2000;
/** Cells of the longest bar, and of the shortest that says anything. */
const LONGEST_BAR = 30;
const SHORTEST_BAR = 5;
/** Narrower terminals get the number alone. */
const NARROW = 20;

/** What a line of status says: how much is done, and of how much, if that is known. */
export interface Status {
  /** What is going on: `prompt`. */
  readonly what: string;
  readonly done: number;
  readonly total?: number | undefined;
  /** What is counted, `tokens`; without it, only the share is shown. */
  readonly unit?: string | undefined;
  /** Milliseconds since it began. */
  readonly elapsed: number;
}

/**
 * The last line of a terminal, drawn over and over and erased in the end. Never wider than the terminal, as a line that
 * wraps cannot be erased.
 */
export class StatusLine {
  private drawnAt = 0;
  private drawn = false;

  constructor(
    private readonly terminal: { readonly columns: number; write(text: string): unknown },
    private readonly colour: ChalkInstance,
  ) {}

  /** Shows it, unless something was shown a moment ago or the work has only begun. */
  draw(status: Status): void {
    const now = performance.now();
    if (status.elapsed < PATIENCE || now - this.drawnAt < PAUSE) return;
    this.drawnAt = now;
    this.show(renderStatus(status, this.columns, this.colour));
  }

  /** Shows that something is being waited for. */
  wait(what: string): void {
    this.show(this.colour.dim(`${what} ...`.slice(0, this.columns - 1)));
  }

  private show(text: string): void {
    this.drawn = true;
    // Drawn over, not erased and drawn: that would flicker.
    this.terminal.write(`\r${text}${ERASE}`);
  }

  /** Some terminals do not say. */
  private get columns(): number {
    return this.terminal.columns || 80;
  }

  erase(): void {
    if (this.drawn) this.terminal.write(`\r${ERASE}`);
    this.drawn = false;
  }
}

/** One line of at most `columns - 1` cells: as much of it as there is room for. */
export function renderStatus(
  { what, done, total, unit, elapsed }: Status,
  columns: number,
  colour: ChalkInstance,
): string {
  const room = columns - 1;
  const share = total === undefined ? '' : `${Math.floor((done / total) * 100)}%`;
  const count =
    unit === undefined ? '' : `${grouped(done)}${total === undefined ? '' : `/${grouped(total)}`} ${unit}`;
  const left = timeLeft(done, total, elapsed);
  const number = share || count;
  if (columns < NARROW) return number.slice(0, room);
  const head = what.slice(0, Math.max(0, room - number.length - 2));
  if (total === undefined) {
    const rate = `${grouped((done / elapsed) * 1000)}/s`;
    return fitting([head, count, rate], room);
  }
  const bar = Math.min(LONGEST_BAR, room - head.length - 1 - ' 100%'.length);
  if (bar < SHORTEST_BAR) return fitting([head, share], room);
  const filled = Math.floor((done / total) * bar);
  const plain = `${head} ${'━'.repeat(bar)} ${share.padStart(4)}`;
  const details = fitting(['', ...[count, left].filter(Boolean)], room - plain.length);
  return `${head} ${colour.cyan('━'.repeat(filled))}${colour.dim('─'.repeat(bar - filled))} ${share.padStart(4)}${details}`;
}

/** As many of the parts as fit, with spaces between. */
function fitting(parts: readonly string[], room: number): string {
  let line = parts[0];
  for (const part of parts.slice(1)) {
    const longer = `${line} ${part}`;
    if (longer.length > room) break;
    line = longer;
  }
  return line;
}

/** `12 s left`, `3 min left`; nothing while that is a guess. */
function timeLeft(done: number, total: number | undefined, elapsed: number): string {
  if (total === undefined || elapsed < SETTLED || done <= 0) return '';
  const seconds = Math.ceil((elapsed / 1000 / done) * (total - done));
  return seconds < 100 ? `${seconds} s left` : `${Math.ceil(seconds / 60)} min left`;
}

const grouped = (count: number): string => Math.floor(count).toLocaleString('en');

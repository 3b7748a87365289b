/** `bench compare`: what became slower, and what faster. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BenchReport,
  compareRuns,
  type Comparison,
  REPORT_FORMAT,
  REPORT_VERSION,
} from '../../../bench/index.js';
import { BundleError } from '../../../format/index.js';
import { reasonOf, UsageError } from '../../errors.js';
import { interval, time } from '../../report/bench/units.js';
import { table } from '../../report/table.js';

export function compare(before: string, after: string, threshold: number): readonly Comparison[] {
  const rows = compareRuns(readRuns(before), readRuns(after), threshold);
  if (rows.length === 0) throw new UsageError(`${before} and ${after} have no figure in common`);
  return rows;
}

/** Of a file, or of all .json files of a folder. */
function readRuns(path: string): BenchReport[] {
  try {
    if (!statSync(path).isDirectory()) return [readRun(path)];
    const files = readdirSync(path).filter((name) => name.endsWith('.json'));
    if (files.length === 0) throw new UsageError(`${path} has no .json files`);
    return files.sort().map((name) => readRun(join(path, name)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    throw new UsageError(`cannot read ${path}: ${reasonOf(error)}`, { cause: error });
  }
}

/** Of a page that --report wrote. */
const DATA = /<script type="application\/json" id="data">(.*?)<\/script>/s;

function readRun(file: string): BenchReport {
  const expected = `what \`flashinf bench -o json\` of version ${REPORT_VERSION} prints`;
  let run: Partial<BenchReport> | null;
  try {
    const text = readFileSync(file, 'utf8');
    run = JSON.parse(DATA.exec(text)?.[1] ?? text) as Partial<BenchReport> | null;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new BundleError({ file, expected, got: 'no JSON' }, { cause });
  }
  if (run?.format !== REPORT_FORMAT || run.version !== REPORT_VERSION || !Array.isArray(run.mixing)) {
    throw new BundleError({ file, expected, got: 'something else' });
  }
  return run as BenchReport;
}

const MARK = { slower: 'SLOWER', faster: 'faster', same: '', unknown: '?' } as const;

export function renderComparison(rows: readonly Comparison[]): string {
  const cells = rows.map(({ label, before, after, ratio, verdict }) => [
    label,
    `${time(before.median)} ${interval(before)}`,
    `${time(after.median)} ${interval(after)}`,
    `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)}%`,
    MARK[verdict],
  ]);
  const count = (wanted: Comparison['verdict']): number =>
    rows.filter(({ verdict }) => verdict === wanted).length;
  return (
    table(['', 'old', 'new', 'change', ''], cells) +
    `\n${count('slower')} slower, ${count('faster')} faster, ${count('same')} the same within noise` +
    (count('unknown') > 0
      ? `, ${count('unknown')} not judged (?): fewer than three samples, or runs with threads`
      : '') +
    '\n'
  );
}

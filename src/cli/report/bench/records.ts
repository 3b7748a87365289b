/** A run of the benchmark as one record per figure: CSV, or JSON lines. */
import type { BenchReport } from '../../../bench/index.js';

type Record = Readonly<{ [name: string]: string | number | boolean | null }>;

/** Names and units are those of the columns. */
function recordsOf({ mixing, lengths, endToEnd }: BenchReport): Record[] {
  const over = (ms: { median: number; low: number; high: number; samples: readonly number[] }): Record => ({
    samples: ms.samples.length,
    median_ms: ms.median,
    low_ms: ms.low,
    high_ms: ms.high,
  });
  const lanesOf = ({ lanes }: { lanes: number }): Record => ({ lanes });
  return [
    ...mixing.map((row): Record => ({
      section: 'mixing',
      variant: row.variant,
      convolutions: row.shape.convolutions,
      width: row.shape.width,
      length: row.shape.length,
      ...lanesOf(row.shape),
      threads: row.threads,
      estimated: row.estimated,
      ...over(row.warmMs),
      setup_ms: row.setupMs.median,
      cold_ms: row.coldMs?.median ?? null,
      ns_per_token_channel: row.nsPerTokenChannel,
      p50_ms: row.tokenUs.p50 / 1000,
      p999_ms: row.tokenUs.p999 / 1000,
      max_ms: row.tokenUs.max / 1000,
      bytes: row.bytes,
      bytes_per_second: row.bytesPerSecond,
      tokens_per_second: null,
      mixing_ms: null,
    })),
    ...lengths.map((row): Record => ({
      section: 'lengths',
      variant: row.variant,
      convolutions: row.shape.convolutions,
      width: row.shape.width,
      length: row.shape.length,
      ...lanesOf(row.shape),
      threads: 1,
      estimated: row.estimated,
      ...over(row.warmMs),
      setup_ms: null,
      ...EMPTY,
    })),
    ...(endToEnd?.rows ?? []).map((row): Record => ({
      section: 'end to end',
      variant: row.variant,
      convolutions: endToEnd!.convolutions,
      width: endToEnd!.width,
      length: endToEnd!.length,
      lanes: row.lanes,
      threads: endToEnd!.threads,
      estimated: row.estimated,
      ...over(row.totalMs),
      setup_ms: null,
      ...EMPTY,
      p50_ms: row.tokenMs?.p50 ?? null,
      p999_ms: row.tokenMs?.p999 ?? null,
      max_ms: row.tokenMs?.max ?? null,
      tokens_per_second: row.tokensPerSecond,
      mixing_ms: row.mixingMs,
    })),
  ];
}

const EMPTY: Record = {
  cold_ms: null,
  ns_per_token_channel: null,
  p50_ms: null,
  p999_ms: null,
  max_ms: null,
  bytes: null,
  bytes_per_second: null,
  tokens_per_second: null,
  mixing_ms: null,
};

/** A head, and a line per figure; what there is none of is empty. */
export function renderCsv(report: BenchReport): string {
  const records = recordsOf(report);
  const names = Object.keys(records[0]);
  const lines = records.map((record) => names.map((name) => record[name] ?? '').join(','));
  return [names.join(','), ...lines, ''].join('\n');
}

/** What was run where, and a line per figure. */
export function renderJsonLines(report: BenchReport): string {
  const lines: object[] = [{ section: 'provenance', ...report.provenance }, ...recordsOf(report)];
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** Figures as people read them. */
import type { Crossing, Estimate } from '../../../bench/index.js';

/** Three digits that mean something, and no exponent. */
export function digits(value: number): string {
  if (value === 0) return '0';
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(decimals, 4));
}

/** `1.24 ms`, `583 ms`, `22.1 s`, `1335 s`. */
export function time(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} us`;
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** How far the ends of an interval are from its median: `-2 +3%`. */
export function interval({ median, low, high, samples }: Estimate): string {
  // What two samples say of a third has no end.
  if (samples.length < 3) return `n=${samples.length}`;
  const percent = (value: number): string => `${Math.abs(Math.round((value / median - 1) * 100))}`;
  return `-${percent(low)} +${percent(high)}%`;
}

/** Where a crossing lies, 95 %: `24 to 40`. */
export const within = ({ low, high }: Crossing): string =>
  high === null ? `${low} or more` : low === high ? `${low}` : `${low} to ${high}`;

/** `583x`; of small ratios one decimal. */
export const ratio = (value: number): string =>
  value >= 100 ? `${Math.round(value).toLocaleString('en')}x` : `${digits(value)}x`;

/** `16K`, `1M`; other numbers as they are. */
export function count(value: number): string {
  if (value >= 2 ** 20 && value % 2 ** 20 === 0) return `${value / 2 ** 20}M`;
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024}K` : `${value}`;
}

export const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
export const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(bytes < 2 ** 20 ? 1 : 0);
export const giga = (bytes: number): string => (bytes / 1e9).toFixed(1);
export const percent = (share: number): string => `${Math.round(share * 100)} %`;

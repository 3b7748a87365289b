import { count, digits, time } from '../bench/units.js';
import type { Unit } from './figure.js';

/** A number on an axis. */
export function written(value: number, unit: Unit): string {
  switch (unit) {
    case 'count':
      return count(value);
    case 'ms':
      return short(time(value));
    case 'us':
      return short(time(value / 1000));
    case 'ns':
      return `${trimmed(digits(value))}`;
    case 'ratio':
      return `${value.toLocaleString('en')}x`;
    case 'bytes':
      return bytes(value);
  }
}

/** `10 ms`, not `10.0 ms`. */
const short = (text: string): string => text.replace(/^[\d.]+/, trimmed);
const trimmed = (number: string): string => String(Number(number));

function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${trimmed((value / 1024 ** power).toPrecision(3))} ${units[power]}`;
}

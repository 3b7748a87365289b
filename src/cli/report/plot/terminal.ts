/** Charts in the terminal: eight dots to a cell. */
import type { ChalkInstance } from 'chalk';
import type { Bars, Chart, Colour, Figure } from './figure.js';
import { written } from './numbers.js';
import { scalesOf, ticksOf } from './scales.js';

/** Cells of the picture, without axes. */
const ROWS = 14;
const LEFT = 9;
/** Dots of a braille character, `[column][row]`. */
const BRAILLE = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
];

export async function renderPlot(figure: Figure, columns: number, colour: ChalkInstance): Promise<string> {
  const body = figure.kind === 'bars' ? bars(figure, columns, colour) : await chart(figure, columns, colour);
  return `${colour.bold(figure.title)}\n${body}`;
}

async function chart(figure: Chart, columns: number, colour: ChalkInstance): Promise<string> {
  const d3Scale = await import('d3-scale');
  const cells = columns - LEFT - 2;
  const [right, bottom] = [2 * cells - 1, 4 * ROWS - 1];
  const { x, y } = scalesOf(figure, d3Scale, { x: [0, right], y: [bottom, 0] });
  const dots = new Uint8Array(cells * ROWS);
  const owners = new Array<Colour | undefined>(cells * ROWS).fill(undefined);
  const set = (px: number, py: number, owner: Colour): void => {
    const [column, row] = [Math.round(px), Math.round(py)];
    if (!(column >= 0 && column <= right && row >= 0 && row <= bottom)) return;
    const cell = (row >> 2) * cells + (column >> 1);
    dots[cell] |= BRAILLE[column & 1][row & 3];
    owners[cell] = owner;
  };
  const series = [...figure.lines.filter((line) => line.colour !== 'guide'), ...(figure.dots ?? [])];
  for (const { points, colour: owner, ...rest } of series) {
    let before: readonly [number, number] | undefined;
    for (const [px, py] of points) {
      const to = [x(px), y(py)] as const;
      if (!to.every(Number.isFinite)) continue;
      const isLine = figure.lines.some((line) => line.points === points && line.label === rest.label);
      const steps =
        isLine && before ? Math.ceil(Math.max(Math.abs(to[0] - before[0]), Math.abs(to[1] - before[1]))) : 0;
      for (let k = 1; k < steps; k++) {
        set(
          before![0] + ((to[0] - before![0]) * k) / steps,
          before![1] + ((to[1] - before![1]) * k) / steps,
          owner,
        );
      }
      set(to[0], to[1], owner);
      before = to;
    }
  }
  const labels = new Map(
    ticksOf(y, figure.y, ROWS / 3).map((tick) => [Math.round(y(tick)) >> 2, written(tick, figure.y.unit)]),
  );
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const line = Array.from({ length: cells }, (_, column) => {
      const cell = row * cells + column;
      const owner = owners[cell];
      const character = dots[cell] === 0 ? ' ' : String.fromCharCode(0x2800 + dots[cell]);
      return owner === undefined ? character : paint(owner, colour)(character);
    }).join('');
    return `${(labels.get(row) ?? '').padStart(LEFT)}${labels.has(row) ? '┤' : '│'}${line}`.trimEnd();
  });
  const axis = new Array<string>(cells).fill('─');
  const names = new Array<string>(cells).fill(' ');
  for (const tick of ticksOf(x, figure.x, cells / 10)) {
    const at = Math.round(x(tick)) >> 1;
    const name = written(tick, figure.x.unit);
    const from = Math.min(Math.max(0, at - (name.length >> 1)), cells - name.length);
    axis[at] = '┬';
    names.splice(from, name.length, ...name);
  }
  const keys = series.map(({ label, colour: owner }) => `${paint(owner, colour)('■')} ${label}`);
  return [
    `${' '.repeat(LEFT)} ${figure.y.label}`,
    ...rows,
    `${' '.repeat(LEFT)}└${axis.join('')}`,
    `${' '.repeat(LEFT + 1)}${names.join('')}`.trimEnd(),
    `${' '.repeat(LEFT + 1)}${figure.x.label}`,
    ...wrapped(
      keys,
      series.map(({ label }) => label.length + 2),
      columns,
    ),
    '',
  ].join('\n');
}

/** Keys with two cells between, in lines. */
function wrapped(keys: readonly string[], widths: readonly number[], columns: number): string[] {
  const lines: string[] = [];
  let used = Infinity;
  keys.forEach((key, k) => {
    if (used + widths[k] + 2 > columns) {
      lines.push(key);
      used = widths[k];
    } else {
      lines[lines.length - 1] += `  ${key}`;
      used += widths[k] + 2;
    }
  });
  return lines;
}

function bars(figure: Bars, columns: number, colour: ChalkInstance): string {
  const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const most = Math.max(...figure.bars.map(({ values }) => total(values)));
  const width = Math.max(...figure.bars.map(({ label }) => label.length));
  const room = columns - width - 12;
  const lines = figure.bars.map(({ label, values }) => {
    const parts = values.map((value, k) =>
      paint(
        figure.parts[k].colour,
        colour,
      )((k % 2 === 0 ? '█' : '▒').repeat(Math.round((value / most) * room))),
    );
    return `${label.padEnd(width)} ${parts.join('')} ${written(total(values), figure.unit)}`;
  });
  const keys = figure.parts.map(
    ({ label, colour: owner }, k) => `${paint(owner, colour)(k % 2 === 0 ? '█' : '▒')} ${label}`,
  );
  return [figure.label, ...lines, keys.join('  '), ''].join('\n');
}

function paint(owner: Colour, colour: ChalkInstance): (text: string) => string {
  if (typeof owner === 'number')
    return colour.rgb(Math.round(80 + 175 * owner), 140, Math.round(255 - 175 * owner));
  return {
    lazy: colour.red,
    eager: colour.yellow,
    binary: colour.blue,
    'fan-out': colour.cyan,
    flat: colour.magenta,
    guide: colour.dim,
    other: colour.white,
  }[owner];
}

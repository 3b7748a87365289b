/** Figures as SVG, light or dark as its reader prefers. */
import type { Bars, Chart, Colour, Figure, Line } from './figure.js';
import { written } from './numbers.js';
import { scalesOf, ticksOf } from './scales.js';

/** Pixels. Text is of the same size in all. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

const FONT = 13;
/** Of a letter, on average. */
const LETTER = 6.9;
const ROW = 20;

/** Colours and fonts, for one picture or a page of them. */
export const STYLE = `
.figure { --ink: #1f2328; --soft: #59636e; --grid: #d8dee4; --paper: #ffffff;
  --lazy: #bc4c00; --eager: #8a6100; --binary: #0969da; --fan-out: #0a7d6d; --flat: #8250df; --other: #59636e;
  font: ${FONT}px system-ui, sans-serif; }
.figure text { fill: var(--ink); } .figure .soft { fill: var(--soft); }
.figure .grid { stroke: var(--grid); stroke-width: 1; } .figure .axis { stroke: var(--soft); }
.figure .line { fill: none; stroke-width: 2; } .figure .dashed { stroke-dasharray: 6 4; }
.figure .dots { fill: none; stroke-width: 4; stroke-linecap: round; opacity: 0.8; }
.figure .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) {
  .figure { --ink: #e6edf3; --soft: #9aa4af; --grid: #30363d; --paper: #0d1117;
    --lazy: #ff9a57; --eager: #d9b44a; --binary: #6cb6ff; --fan-out: #4fd1bd; --flat: #c8a6ff; --other: #9aa4af; }
}`;

export async function renderSvg(figure: Figure, size: Size): Promise<string> {
  return figure.kind === 'bars' ? bars(figure, size) : await chart(figure, size);
}

/** As a file of its own. */
export async function svgFile(figure: Figure, size: Size): Promise<string> {
  const svg = await renderSvg(figure, size);
  const paper = `<rect width="100%" height="100%" fill="var(--paper)"/>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svg.replace('>', `><style>${STYLE}</style>${paper}`)}\n`;
}

function open({ title }: Figure, { width, height }: Size): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="figure" viewBox="0 0 ${width} ${height}" ` +
    `role="img" aria-label="${escaped(title)}"><title>${escaped(title)}</title>`
  );
}

async function chart(figure: Chart, { width, height }: Size): Promise<string> {
  const [d3Scale, { line }] = await Promise.all([import('d3-scale'), import('d3-shape')]);
  const { lines, dots = [], rules = [], marks = [] } = figure;
  const legend = legendOf([...lines, ...dots], width);
  const left = 68;
  const [top, right, bottom] = [legend.height + 26, width - 28, height - 44];
  const { x, y } = scalesOf(figure, d3Scale, { x: [left, right], y: [bottom, top] });
  const parts = [open(figure, { width, height }), legend.svg];
  parts.push(text(4, legend.height + 16, figure.y.label, 'soft'));
  for (const tick of ticksOf(y, figure.y, height / 45)) {
    const at = round(y(tick));
    parts.push(`<path class="grid" d="M${left} ${at}H${right}"/>`);
    parts.push(text(left - 6, at + 4, written(tick, figure.y.unit), 'soft', 'end'));
  }
  for (const tick of ticksOf(x, figure.x, width / 110)) {
    const at = round(x(tick));
    parts.push(`<path class="grid" d="M${at} ${top}V${bottom}"/>`);
    parts.push(text(at, bottom + 18, written(tick, figure.x.unit), 'soft', 'middle'));
  }
  parts.push(`<path class="axis" fill="none" d="M${left} ${top}V${bottom}H${right}"/>`);
  parts.push(text((left + right) / 2, height - 6, figure.x.label, 'soft', 'middle'));
  const shape = line<readonly [number, number]>(
    (point) => round(x(point[0])),
    (point) => round(y(point[1])),
  );
  const shown = ({ points }: Pick<Line, 'points'>): Line['points'] =>
    points.filter(
      ([px, py]) => (figure.x.log === undefined || px > 0) && (figure.y.log === undefined || py > 0),
    );
  for (const each of dots) {
    const d = shown(each).map(([px, py]) => `M${round(x(px))} ${round(y(py))}h0`);
    parts.push(`<path class="dots" stroke="${paint(each.colour)}" d="${d.join('')}"/>`);
  }
  for (const each of lines) {
    const classes = `line${each.dashed ? ' dashed' : ''}`;
    parts.push(`<path class="${classes}" stroke="${paint(each.colour)}" d="${shape(shown(each)) ?? ''}"/>`);
  }
  for (const { y: value, label } of rules) {
    const at = round(y(value));
    parts.push(`<path class="axis dashed" d="M${left} ${at}H${right}"/>`);
    parts.push(text(right - 2, at - 4, label, 'halo', 'end'));
  }
  for (const { at, label } of marks) {
    const [mx, my] = [round(x(at[0])), round(y(at[1]))];
    const before = mx > (left + right) / 2;
    parts.push(
      `<circle cx="${mx}" cy="${my}" r="5" fill="var(--paper)" stroke="var(--ink)" stroke-width="2"/>`,
    );
    parts.push(text(mx + (before ? -10 : 10), my - 8, label, 'halo', before ? 'end' : 'start'));
  }
  return `${parts.join('\n')}\n</svg>`;
}

function bars(figure: Bars, { width }: Size): string {
  const legend = legendOf(figure.parts, width);
  const row = 46;
  const height = legend.height + 24 + row * figure.bars.length;
  const most = Math.max(...figure.bars.map(({ values }) => sum(values)));
  const parts = [
    open(figure, { width, height }),
    legend.svg,
    text(4, legend.height + 14, figure.label, 'soft'),
  ];
  figure.bars.forEach(({ label, values }, k) => {
    const top = legend.height + 26 + k * row;
    const total = sum(values);
    const shares = values.map((value, k) => `${figure.parts[k].label} ${written(value, figure.unit)}`);
    const whole = `${label}: ${written(total, figure.unit)}`;
    const full = `${whole} (${shares.join(', ')})`;
    parts.push(text(4, top + 11, full.length * LETTER < width ? full : `${whole}, ${shares[0]}`));
    let at = 4;
    values.forEach((value, part) => {
      const length = (value / most) * (width - 8);
      const { colour } = figure.parts[part];
      parts.push(
        `<rect x="${round(at)}" y="${top + 17}" width="${round(Math.max(length, 0.5))}" height="16" fill="${paint(colour)}"/>`,
      );
      at += length;
    });
  });
  return `${parts.join('\n')}\n</svg>`;
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Names beside their colours, in as many rows as it takes. Rows of one colour scale are told apart by its ends. */
function legendOf(
  entries: readonly { readonly label: string; readonly colour: Colour; readonly dashed?: boolean }[],
  width: number,
): { readonly svg: string; readonly height: number } {
  let [x, y] = [4, 14];
  const parts = entries.map(({ label, colour, dashed }) => {
    const needed = 26 + label.length * LETTER + 12;
    if (x > 4 && x + needed > width) [x, y] = [4, y + ROW];
    const svg =
      `<path class="line${dashed ? ' dashed' : ''}" style="stroke-width:${dashed ? 2 : 4}" stroke="${paint(colour)}" d="M${round(x)} ${y - 4}h20"/>` +
      text(x + 26, y, label);
    x += needed;
    return svg;
  });
  return { svg: parts.join('\n'), height: entries.length > 0 ? y + 6 : 0 };
}

/** Blue over green to red, about as light as each other. */
const paint = (colour: Colour): string => {
  if (typeof colour === 'number') return `hsl(${Math.round(250 - 250 * colour)} 65% 52%)`;
  return colour === 'guide' ? 'var(--grid)' : `var(--${colour})`;
};

function text(x: number, y: number, content: string, classes = '', anchor = 'start'): string {
  const kind = classes === '' ? '' : ` class="${classes}"`;
  const side = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${round(x)}" y="${round(y)}"${kind}${side}>${escaped(content)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

export const escaped = (content: string): string =>
  content.replace(
    /[&<>"]/g,
    (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]!,
  );

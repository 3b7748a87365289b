/** A run of the benchmark as one page that stands alone: tables, pictures and data, and not one request. */
import type { BenchReport } from '../../../bench/index.js';
import { escaped, renderSvg, STYLE } from '../plot/svg.js';
import { figuresOf } from './figures.js';
import { commandOf, readingOf } from './reading.js';
import { renderBench } from './text.js';

/** For wide screens, and for phones. */
const WIDE = { width: 760, height: 420 };
const NARROW = { width: 360, height: 320 };

const PAGE = `
:root { color-scheme: light dark; --text: #1f2328; --back: #ffffff; --edge: #d1d9e0; --shade: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117; --edge: #3d444d; --shade: #151b23; } }
body { max-width: 800px; margin: 0 auto; padding: 16px; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 2em; }
pre { background: var(--shade); padding: 10px; white-space: pre-wrap; overflow-wrap: anywhere; }
.wrap { overflow-x: auto; margin: 0 0 1rem; } table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { border-bottom: 1px solid var(--edge); padding: 4px 9px; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: var(--back); }
figure { margin: 1em 0; } figcaption { font-size: 0.95em; } svg { display: block; width: 100%; height: auto; }
.narrow { display: none; } @media (max-width: 600px) { .wide { display: none; } .narrow { display: block; } }
`;

export async function renderPage(report: BenchReport): Promise<string> {
  const { provenance: p } = report;
  const figures = await Promise.all(
    figuresOf(report).map(async (figure) => {
      const [wide, narrow] = await Promise.all([renderSvg(figure, WIDE), renderSvg(figure, NARROW)]);
      return (
        `<h2>${escaped(figure.title)}</h2>\n<figure><div class="wide">${wide}</div><div class="narrow">${narrow}</div>\n` +
        `<figcaption>${escaped(figure.reading)}</figcaption></figure>`
      );
    }),
  );
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    // Nothing is fetched, by anyone who opens it.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`,
    '<link rel="icon" href="data:,">',
    `<title>flashinf bench, ${escaped(p.cpu)}</title>`,
    `<style>${PAGE}${STYLE}</style></head><body>`,
    '<h1>Tiled, lazy and eager mixing, measured</h1>',
    `<pre>${escaped(commandOf(report))}</pre>`,
    ...readingOf(report).map((sentence) => `<p>${escaped(sentence)}</p>`),
    ...figures,
    htmlOf(renderBench(report, 'md')),
    '<h2>Data</h2>',
    '<p>All samples are in this page, and <code>flashinf bench compare</code> reads it.</p>',
    `<script type="application/json" id="data">${JSON.stringify(report).replaceAll('<', '\\u003c')}</script>`,
    '</body></html>',
    '',
  ].join('\n');
}

/** The Markdown that this program writes: headings, tables, lines. */
function htmlOf(markdown: string): string {
  return markdown
    .split('\n\n')
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      if (block.startsWith('## ')) return `<h2>${escaped(block.slice(3))}</h2>`;
      const lines = block.split('\n');
      const rows = lines.filter((line) => line.startsWith('|'));
      const rest = lines.filter((line) => !line.startsWith('|')).map(escaped);
      const paragraph = rest.length > 0 ? `<p>${rest.join('<br>')}</p>` : '';
      return rows.length > 0 ? tableOf(rows) + paragraph : paragraph;
    })
    .join('\n');
}

function tableOf([head, , ...rows]: readonly string[]): string {
  const cells = (row: string, tag: string): string =>
    `<tr>${row
      .slice(1, -1)
      .split('|')
      .map((cell) => `<${tag}>${escaped(cell.trim())}</${tag}>`)
      .join('')}</tr>`;
  return `<div class="wrap"><table>${cells(head, 'th')}${rows.map((row) => cells(row, 'td')).join('')}</table></div>`;
}

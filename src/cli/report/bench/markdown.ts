/** A run of the benchmark as a page of Markdown, with the pictures that --svg writes. */
import { basename } from 'node:path';
import type { BenchReport } from '../../../bench/index.js';
import { figuresOf } from './figures.js';
import { commandOf, readingOf } from './reading.js';
import { renderBench } from './text.js';

/** @param folder the pictures' folder, beside the page; left out: no pictures */
export function renderMarkdown(report: BenchReport, folder?: string): string {
  const pictures = figuresOf(report).map(
    ({ name, title, reading }) =>
      `## ${title}\n\n![${title}](${basename(folder ?? '')}/${name}.svg)\n\n${reading}\n`,
  );
  return [
    '# Tiled, lazy and eager mixing, measured\n',
    `\`\`\`sh\n${commandOf(report)}\n\`\`\`\n`,
    ...readingOf(report).map((sentence) => `${sentence}\n`),
    ...(folder === undefined ? [] : pictures),
    renderBench(report, 'md'),
  ].join('\n');
}

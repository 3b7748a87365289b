import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchReport } from '../../../bench/index.js';
import { onOutput } from '../../errors.js';
import type { Io } from '../../io.js';
import { figuresOf } from '../../report/bench/figures.js';
import { renderPage } from '../../report/bench/page.js';
import { svgFile } from '../../report/plot/svg.js';
import { renderPlot } from '../../report/plot/terminal.js';
import type { BenchOptions } from './spec.js';

const SIZE = { width: 760, height: 420 };
const WIDEST = 100;

/** Draws what the options ask for. Throws an OutputError if a file cannot be written. */
export async function pictures(
  report: BenchReport,
  { report: page, svg: folder, plot }: BenchOptions,
  io: Io,
): Promise<void> {
  if (plot) {
    const columns = Math.min(WIDEST, process.stdout.columns || 80);
    for (const figure of figuresOf(report)) {
      await io.stdout.write(`\n${await renderPlot(figure, columns, io.outputColour)}`);
    }
  }
  if (folder !== undefined) {
    await onOutput(folder, async () => {
      mkdirSync(folder, { recursive: true });
      for (const figure of figuresOf(report)) {
        writeFileSync(join(folder, `${figure.name}.svg`), await svgFile(figure, SIZE));
      }
    });
  }
  if (page !== undefined) await onOutput(page, async () => writeFileSync(page, await renderPage(report)));
}

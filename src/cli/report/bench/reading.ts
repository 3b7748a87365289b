/** What a run says, in plain sentences. */
import { ALONE, type BenchReport, type EndToEndReport, generatedBy, NOTICED } from '../../../bench/index.js';
import { percent, ratio, time, within } from './units.js';

/** The command line that made it, as a shell takes it. */
export const commandOf = ({ provenance }: BenchReport): string =>
  ['flashinf', ...provenance.command]
    .map((word) => (/^[\w./=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ');

export function readingOf(report: BenchReport): string[] {
  const { mixing, filter, endToEnd, bandwidth, crossover, validation, warnings } = report;
  const longest = Math.max(...mixing.map(({ shape }) => shape.length));
  const first = mixing.find(({ shape }) => shape.length === longest)!.shape;
  const row = (wanted: string): BenchReport['mixing'][number] | undefined =>
    mixing.find(({ variant, shape, threads }) => variant === wanted && shape === first && threads === 1);
  const [lazy, binary, flat] = ['lazy', 'binary', 'flat'].map(row);
  const sentences: string[] = [];
  const tiling = generatedBy(filter);
  const tiled = row(tiling);
  if (lazy && tiled) {
    sentences.push(
      `Mixing ${longest} positions takes lazy ${time(lazy.warmMs.median)}${lazy.estimated ? ' (estimated)' : ''}, and the ${tiled.variant} ` +
        `tiling, which generation takes, ${time(tiled.warmMs.median)}: ${ratio(lazy.warmMs.median / tiled.warmMs.median)} less, on one ` +
        `thread. Its set-up, once per process, is another ${time(tiled.setupMs.median)}; counted in, the ratio is ` +
        `${ratio((lazy.warmMs.median + lazy.setupMs.median) / ((tiled.coldMs ?? tiled.warmMs).median + tiled.setupMs.median))} for a ` +
        'mixer that runs once.',
    );
  }
  if (lazy?.bytesPerSecond) {
    sentences.push(
      `Is lazy slower than it could be? It reads at ${percent(lazy.bytesPerSecond / bandwidth.before.median)} of the speed at which ` +
        'one thread of this machine reads memory and does nothing else.',
    );
  }
  const disturbed = validation?.rows.filter(({ cpuShare }) => cpuShare < ALONE) ?? [];
  if (validation) {
    const offs = validation.rows.map(
      ({ variant, estimatedMs, fullMs }) =>
        `${variant} ${((estimatedMs.median / fullMs.median - 1) * 100).toFixed(1)} %`,
    );
    sentences.push(
      `Are the estimates right? Where the whole can be measured, at ${validation.length} positions, they are off by ${offs.join(', ')}` +
        (disturbed.length === 0
          ? '.'
          : '; but other programs interrupted the whole runs, which estimates leave out.'),
    );
  }
  const alone = crossover.mixing[tiling];
  if (alone) {
    sentences.push(
      `From which length on does tiling pay? Alone, ${tiling} takes less time than lazy from ${alone.from} positions on ` +
        `(95 %: ${within(alone)}).` +
        (endToEnd === null ? '' : ` ${textsReading(crossover, endToEnd)}`),
    );
  }
  if (binary && flat) {
    sentences.push(
      `The slowest token of the paper's binary tiling waits ${time(binary.tokenUs.max / 1000)}, that of the flat one ` +
        `${time(flat.tokenUs.max / 1000)}; flat pays for that with ${ratio(flat.warmMs.median / binary.warmMs.median)} the time in all.`,
    );
  }
  const text = endToEnd?.rows.find(({ variant, lanes }) => variant === tiling && lanes === 1);
  const lazyText = endToEnd?.rows.find(({ variant }) => variant === 'lazy');
  if (endToEnd && text) {
    sentences.push(
      `A text of ${endToEnd.length} tokens takes ${time(text.totalMs.median)}${text.estimated ? ' (estimated)' : ''}, of which mixing is ` +
        `${percent(text.mixingMs / text.totalMs.median)}` +
        (lazyText
          ? `; lazily it would take ${time(lazyText.totalMs.median)}, ${ratio(lazyText.totalMs.median / text.totalMs.median)} as long.`
          : '.'),
    );
  }
  return [...sentences, ...warnings.map((warning) => `Take care: ${warning}.`)];
}

function textsReading({ rest, texts }: BenchReport['crossover'], { short }: EndToEndReport): string {
  const written = short.at(-1)!.length;
  return (
    (rest === null
      ? `In texts, without the model's steps, it does not up to ${written} tokens. `
      : `In texts, without the model's steps, which take the same in both, it does from ${rest.from} tokens on (${within(rest)}). `) +
    (texts === null
      ? `Most of such a text's time is the model's: a clock does not tell them apart yet.`
      : `From ${texts.from} tokens on what it saves is more than ${percent(NOTICED)} of all the text's time, which a clock shows` +
        (texts.derived
          ? `; texts were written both ways up to ${written}, and beyond that lazy mixing was measured apart.`
          : '.'))
  );
}

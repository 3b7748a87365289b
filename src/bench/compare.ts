/** Two runs, or several of each, side by side: which figures changed by more than chance changes them. */
import { type Estimate, estimate, median } from './estimate.js';
import type { Pace } from './pace.js';
import type { BenchReport } from './report.js';
import { isGreater, moments } from './student.js';

/** `same`: within noise; `unknown`: too little was measured to say. */
export type Verdict = 'slower' | 'faster' | 'same' | 'unknown';

export interface Comparison {
  readonly label: string;
  /** ms. */
  readonly before: Estimate;
  readonly after: Estimate;
  /** After over before, of the medians. */
  readonly ratio: number;
  readonly verdict: Verdict;
}

/** Fewer samples show nothing of how a figure varies. */
const FEWEST = 3;

/** Of how much the machine's speed varies in a run: how far its speed in other work is from that in mixing, between runs. */
const WANDER = 0.3;

/** A figure, how fast the machine was at each of its samples, and what CPU time it took, where that is known. */
interface Figure {
  /** Whether that is all it depends on: how fast other cores were is not known, but from several runs. */
  readonly alone: boolean;
  readonly value: Estimate;
  readonly pace: readonly Pace[];
  readonly cpuMs?: readonly number[];
}

/**
 * Rows that both have. A figure has changed if its median differs by more than `threshold`, a share, in every view: as it is,
 * in CPU time, and relative to how fast the machine did arithmetic, or copied memory, meanwhile; and if relative to the mean of
 * these two it differs by more than chance makes equal ones differ once in a thousand times. What was measured less than three
 * times is not judged, nor what has several threads in fewer than three runs: whether others had the other cores differs from
 * run to run.
 */
export function compareRuns(
  before: readonly BenchReport[],
  after: readonly BenchReport[],
  threshold: number,
): Comparison[] {
  const [old, fresh] = [figures(before), figures(after)];
  return [...fresh].flatMap(([label, figure]) => {
    const known = old.get(label);
    return known === undefined ? [] : [compare(label, known, figure, threshold)];
  });
}

function compare(label: string, before: Figure, after: Figure, threshold: number): Comparison {
  const judged =
    before.alone &&
    after.alone &&
    Math.min(before.value.samples.length, after.value.samples.length) >= FEWEST;
  const [old, fresh] = [views(before), views(after)];
  const wander = WANDER * Math.sqrt((old.wander ** 2 + fresh.wander ** 2) / 2);
  const slower = (a: Views, b: Views): boolean =>
    a.all.every((values, k) => median(values) > median(b.all[k]) + Math.log1p(threshold)) &&
    isGreater(a.steady, b.steady, wander);
  const verdict = !judged
    ? 'unknown'
    : slower(fresh, old)
      ? 'slower'
      : slower(old, fresh)
        ? 'faster'
        : 'same';
  return {
    label,
    before: before.value,
    after: after.value,
    ratio: after.value.median / before.value.median,
    verdict,
  };
}

/** Logarithms of the samples, in several units; `steady`: in one that makes up for what the machine does meanwhile. */
interface Views {
  readonly all: readonly (readonly number[])[];
  readonly steady: readonly number[];
  /** Standard deviation of the machine's speed, a share. */
  readonly wander: number;
}

function views({ value: { samples }, pace, cpuMs = samples }: Figure): Views {
  const logs = (of: readonly number[], unit: (pace: Pace) => number): number[] =>
    of.map((ms, k) => Math.log(ms / unit(pace[k])));
  return {
    all: [
      samples.map(Math.log),
      cpuMs.map(Math.log),
      logs(samples, ({ arithmetic }) => arithmetic),
      logs(samples, ({ memory }) => memory),
    ],
    steady: logs(samples, ({ arithmetic, memory }) => Math.sqrt(arithmetic * memory)),
    wander: Math.sqrt(moments(pace.map(({ arithmetic }) => Math.log(arithmetic))).variance),
  };
}

/** What is compared, by what it is a figure of. Of several runs, each run's median is a sample. */
function figures(runs: readonly BenchReport[]): Map<string, Figure> {
  const byLabel = new Map<string, { readonly figure: Figure; readonly usual: Pace }[]>();
  for (const { mixing, filter, endToEnd } of runs) {
    const all = mixing.flatMap(({ pace }) => pace);
    const usual: Pace = {
      arithmetic: median(all.map(({ arithmetic }) => arithmetic)),
      memory: median(all.map(({ memory }) => memory)),
    };
    const add = (
      label: string,
      value: Estimate,
      pace: readonly Pace[] = value.samples.map(() => usual),
      cpuMs: readonly number[] = value.samples,
      alone = true,
    ): void => {
      const figure = { alone, value, pace, cpuMs };
      byLabel.set(label, [...(byLabel.get(label) ?? []), { figure, usual }]);
    };
    for (const { variant, shape, threads, warmMs, coldMs, setupMs, pace, anew, cpuMs } of mixing) {
      const { convolutions, width, length, lanes } = shape;
      const size = `${convolutions} x ${width} x ${length}${lanes > 1 ? ` x ${lanes}` : ''}`;
      const label = [
        ...(filter ? [filter] : []),
        variant,
        size,
        ...(threads > 1 ? [`-t ${threads}`] : []),
      ].join(' ');
      const then = anew.map((round) => pace[round]);
      const alone = threads === 1;
      add(`${label} warm`, warmMs, pace, cpuMs, alone);
      if (coldMs !== null) add(`${label} cold`, coldMs, then, coldMs.samples, alone);
      add(`${label} set-up`, setupMs, then, setupMs.samples, alone);
    }
    for (const { variant, lanes, totalMs, estimated } of endToEnd?.rows ?? []) {
      if (!estimated)
        add(`${endToEnd!.model} ${endToEnd!.length} ${variant}${lanes > 1 ? ` x ${lanes}` : ''}`, totalMs);
    }
  }
  return new Map(
    Array.from(byLabel, ([label, each]): [string, Figure] => [
      label,
      each.length === 1
        ? each[0].figure
        : {
            alone: true,
            value: estimate(each.map(({ figure }) => figure.value.median)),
            pace: each.map(({ usual }) => usual),
          },
    ]),
  );
}

/** Plans and costs, for people. */
import {
  costOf,
  isFolded,
  machineCosts,
  planCost,
  planMemory,
  recomputes,
  type CostTable,
  type MixerShape,
  type Plan,
} from '../../mixer/index.js';
import { table } from './table.js';

/** A plan's levels with what they are predicted to cost and what they take, as plain data. */
export function planFacts(shape: MixerShape, plan: Plan, threads: number) {
  const { levels, ...memory } = planMemory(shape, plan, threads);
  const costs = machineCosts();
  return {
    ...plan,
    levels: plan.levels.map((level, k) => ({ ...level, ns: costOf(level, costs), bytes: levels[k] })),
    ns: planCost(plan, costs),
    bytes: memory,
  };
}

export function renderPlan(shape: MixerShape, plan: Plan, threads: number): string {
  const { levels, ns, bytes } = planFacts(shape, plan, threads);
  const rows = levels.map((level) => [
    String(level.side),
    level.kind,
    'fanOut' in level ? String(level.fanOut) : '',
    level.kind === 'direct' ? '' : recomputes(level) ? 'recomputed' : 'kept',
    level.ns.toFixed(2),
    mib(level.bytes),
  ]);
  const seconds = (ns * shape.length * shape.convolutions * shape.width) / 1e9;
  return (
    table(['tile side', 'tiles', 'fan-out', 'spectra', 'ns', 'MiB'], rows) +
    `\n${ns.toFixed(1)} ns per token and channel, ${seconds.toFixed(2)} s in all on one thread, as predicted\n` +
    `${mib(bytes.total)} MiB: slots ${mib(bytes.slots)}${isFolded(plan) ? ' (folded)' : ''}, ` +
    `spectra ${mib(bytes.spectra)}, taps ${mib(bytes.taps)}, scratch and tables ${mib(bytes.scratch)}\n`
  );
}

/** ns per token and channel, by side. */
export function costTables({ direct, fft }: CostTable): string {
  const part = (name: string, levels: CostTable['fft']): string => {
    const fanOuts = Object.keys(levels).map(Number);
    const sides = Math.max(...fanOuts.map((fanOut) => levels[fanOut].length));
    const rows = Array.from({ length: sides }, (_, log) => [
      String(2 ** log),
      ...fanOuts.map((fanOut) => {
        const ns = levels[fanOut][log] ?? Infinity;
        return ns === Infinity ? '' : ns.toFixed(2);
      }),
    ]);
    return table(
      [name, ...fanOuts.map((fanOut) => `fan-out ${fanOut}`)],
      rows.filter((row) => row.slice(1).some(Boolean)),
    );
  };
  return `ns per token and channel, by tile side\n\n${part('direct', direct)}\n${part('fft', fft)}`;
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

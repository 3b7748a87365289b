import { deferredLevels } from './flat.js';
import type { Level } from './tiling.js';

/** Who computes the deferred tiles of which levels (indices), and how. */
export interface Assignment {
  /** A slice in each step, as part of it. */
  readonly inStep: readonly number[];
  /** A slice for each step, handed to whoever does deferred work, who computes a unit's tile whole. */
  readonly handed: readonly number[];
  /** Handed over as well; but if whoever it is makes every step in order, each tile is computed a stage at a time. */
  readonly staged: readonly number[];
}

/** The one decision about deferred tiles: where they are laid out and who computes them follow from it. */
export function assignTiles(
  levels: readonly Level[],
  { threads, lanes }: { readonly threads: number; readonly lanes: number },
): Assignment {
  const { near, far } = deferredLevels(levels);
  if (far.length === 0) return { inStep: near, handed: [], staged: [] };
  // Stages are for a thread that has all units to itself.
  if (threads > 2 || lanes > 1) return { inStep: near, handed: far, staged: [] };
  if (threads === 1) return { inStep: near, handed: [], staged: far };
  // A worker that does far tiles in stages is never busy for long: it can see to the near ones as well.
  return { inStep: [], handed: near, staged: far };
}

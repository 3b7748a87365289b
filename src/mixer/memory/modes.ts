/** How a modal filter lies in memory, as kernel/assembly/modal.ts takes it. */
import { type Modes, countModes } from '../modes.js';
import type { ModalFilter } from '../shape.js';
import { GROUP, LINE } from './blocks.js';

/** Modes that the kernel takes together; others are added that do nothing. */
const TOGETHER = { real: 4, complex: 2 };

/** How many modes the kernel is to take, for filters of so many. */
export function paddedModes({ modes, complex }: Pick<ModalFilter, 'modes' | 'complex'>): number {
  const together = complex ? TOGETHER.complex : TOGETHER.real;
  return Math.ceil(modes / together) * together;
}

/** Bytes of one group's states, zero at first. */
export function modeStateBytes(filter: Pick<ModalFilter, 'modes' | 'complex'>): number {
  return paddedModes(filter) * (filter.complex ? 4 : 2) * LINE;
}

/** Bytes of one group's coefficients. */
export function modeBytes(filter: Pick<ModalFilter, 'modes' | 'complex'>): number {
  return modeStateBytes(filter);
}

/** What a filter of these modes is. */
export function modalFilterOf(modes: Modes): ModalFilter {
  const complex = modes.poles.im !== undefined || modes.residues.im !== undefined;
  return { kind: 'modal', modes: countModes(modes), complex };
}

/** Writes the coefficients of one group. */
export function writeModes(floats: Float32Array, at: number, modes: Modes, group: number): void {
  const { width, poles, residues } = modes;
  const filter = modalFilterOf(modes);
  const parts = filter.complex ? 2 : 1;
  for (let mode = 0; mode < paddedModes(filter); mode++) {
    const lines = at + mode * 2 * parts * LINE;
    for (let c = 0; c < GROUP; c++) {
      const channel = group * GROUP + c;
      const k = mode * width + channel;
      const there = mode < filter.modes && channel < width;
      const [pr, pi] = there ? [poles.re[k], poles.im?.[k] ?? 0] : [0, 0];
      const [rr, ri] = there ? [residues.re[k], residues.im?.[k] ?? 0] : [0, 0];
      const numbers = filter.complex ? [pr, pi, rr * pr - ri * pi, rr * pi + ri * pr] : [pr, rr * pr];
      numbers.forEach((value, line) => (floats[lines / 4 + line * GROUP + c] = value));
    }
  }
}

/** A complex number for each mode and channel, `[mode, channel]`; without `im`, they are real. */
export interface ComplexRows {
  readonly re: Float32Array;
  readonly im?: Float32Array;
}

/**
 * Filters as sums of exponentials, one filter in each channel: `rho[d] = sum over n of Re(residue[n] pole[n]^d)`. A pair of
 * conjugate poles is one mode with twice the residue.
 */
export interface Modes {
  /** Channels. */
  readonly width: number;
  readonly poles: ComplexRows;
  readonly residues: ComplexRows;
}

/** Modes of each channel. Throws a RangeError unless the arrays are of the same whole number of rows. */
export function countModes({ width, poles, residues }: Modes): number {
  const size = poles.re.length;
  for (const [name, part] of [
    ['poles.im', poles.im],
    ['residues.re', residues.re],
    ['residues.im', residues.im],
  ] as const) {
    if (part !== undefined && part.length !== size)
      throw new RangeError(`${name}: expected ${size} values, as many as poles.re has, got ${part.length}`);
  }
  if (size === 0 || size % width !== 0)
    throw new RangeError(`poles: expected rows of ${width} values, got ${size} values`);
  return size / width;
}

/** Taps 0 ... rows - 1 of modal filters, `[time, channel]`. Powers are computed in float64, from the poles as they are. */
export function modalTaps({ width, poles, residues }: Modes, rows: number): Float64Array {
  const taps = new Float64Array(rows * width);
  for (let n = 0; n < poles.re.length; n++) {
    const [pr, pi] = [poles.re[n], poles.im?.[n] ?? 0];
    let [re, im] = [residues.re[n], residues.im?.[n] ?? 0];
    for (let d = 0; d < rows; d++) {
      taps[d * width + (n % width)] += re;
      [re, im] = [re * pr - im * pi, re * pi + im * pr];
    }
  }
  return taps;
}

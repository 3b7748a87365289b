import type { Kernels } from './kernels.js';
import type { Floats } from './reference-passes.js';

/** Channels of a line. */
const LINE = 16;

/** The modal tile of the reference: see assembly/modal.ts for where coefficients and states are. */
export function modalTile(f: Floats): Kernels['modalTile'] {
  const d = new Float64Array(f.buffer);
  return (inputs, outputs, stride, groups, rows, count, state, coefficients, modes, complex) => {
    const parts = complex ? 2 : 1;
    for (let mode = 0; mode < groups * modes; mode++) {
      const shift = Math.floor(mode / modes) * stride;
      const from = coefficients / 4 + mode * parts * 2 * LINE;
      const at = state / 8 + mode * parts * LINE;
      for (let c = 0; c < LINE; c++) {
        const [pr, pi] = [f[from + c], complex ? f[from + LINE + c] : 0];
        const [qr, qi] = [f[from + parts * LINE + c], complex ? f[from + 3 * LINE + c] : 0];
        let [re, im] = [d[at + c], complex ? d[at + LINE + c] : 0];
        for (let k = 0; k < rows; k++) {
          const y = f[(inputs + shift) / 4 + k * LINE + c];
          [re, im] = [re * pr - im * pi + y, re * pi + im * pr];
        }
        d[at + c] = re;
        if (complex) d[at + LINE + c] = im;
        [re, im] = [re * qr - im * qi, re * qi + im * qr];
        for (let r = 0; r < count; r++) {
          f[(outputs + shift) / 4 + r * LINE + c] += re;
          [re, im] = [re * pr - im * pi, re * pi + im * pr];
        }
      }
    }
  };
}

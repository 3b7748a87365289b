/**
 * The kernels in TypeScript: the same contract, the same order of spectra, one channel at a time. Slow,
 * and meant to be read and compared with. Sums are carried in float64 where the SIMD kernels use float32.
 */
import { keptOf, type Kernels } from './kernels.js';
import { type FilterKernels, filterRows } from './reference-filter.js';
import { modalTile } from './reference-modal.js';
import { butterflies, halve, inverseButterflies, join, type Floats } from './reference-passes.js';

/** Floats per line or point. */
const STEP = 16;
/** Channels per point; also from a point's real to its imaginary parts. */
const HALF = 8;

export function referenceKernels(memory: WebAssembly.Memory): Kernels {
  const f = new Float32Array(memory.buffer);
  const transform = transforms(f);
  return { ...lines(f), ...transform, ...tiles(f, transform), modalTile: modalTile(f), ...filterRows(f) };
}

/** What works on lines as they are. */
function lines(
  f: Floats,
): Pick<
  Kernels,
  | 'scatter'
  | 'pendingRow'
  | 'stepRow'
  | 'clearLines'
  | 'addProducts'
  | 'dot'
  | 'readLines'
  | 'spread'
  | 'flush'
  | 'directTile'
> {
  const scatter: Kernels['scatter'] = (row, lines, stride, groups) => {
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < STEP; c++) f[(lines + g * stride) / 4 + c] = f[row / 4 + g * STEP + c];
    }
  };
  const pendingRow: Kernels['pendingRow'] = (line, row, stride, taps, tapStride, groups, count) => {
    for (let g = 0; g < groups; g++) {
      const z = (line + g * stride) / 4;
      const h = (taps + g * tapStride) / 4;
      for (let c = 0; c < STEP; c++) {
        let sum = f[z + c];
        for (let j = 1; j <= count; j++) sum += f[z - j * STEP + c] * f[h + j * STEP + c];
        f[row / 4 + g * STEP + c] = sum;
      }
    }
  };
  return {
    scatter,
    pendingRow,

    stepRow(line, row, stride, taps, tapStride, groups, count) {
      scatter(row, line, stride, groups);
      pendingRow(line + 4 * STEP, row, stride, taps, tapStride, groups, count);
    },

    clearLines(lines, stride, groups, rows) {
      for (let g = 0; g < groups; g++) {
        const first = (lines + g * stride) / 4;
        f.fill(0, first, first + rows * STEP);
      }
    },

    addProducts(row, y, taps, lines) {
      for (let k = 0; k < lines * STEP; k++) f[row / 4 + k] += f[y / 4 + k] * f[taps / 4 + k];
    },

    dot(past, taps, stride, groups, rows, total) {
      for (let g = 0; g < groups; g++) {
        const [y, rho, to] = [past + g * stride, taps + g * stride, total + g * 4 * STEP].map((at) => at / 4);
        for (let c = 0; c < STEP; c++) {
          let sum = f[to + c];
          for (let r = 0; r < rows; r++) sum += f[y + r * STEP + c] * f[rho + r * STEP + c];
          f[to + c] = sum;
        }
      }
    },

    readLines(from, streams, rows, total) {
      for (let at = 0; at < streams * rows * STEP; at++) f[total / 4 + (at % STEP)] += f[from / 4 + at];
    },

    spread(y, taps, sums, rows) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < STEP; c++) {
          f[sums / 4 + r * STEP + c] += f[y / 4 + c] * f[taps / 4 + r * STEP + c];
        }
      }
    },

    flush(partial, totals, rows) {
      for (let k = 0; k < rows * STEP; k++) {
        f[totals / 4 + k] += f[partial / 4 + k];
        f[partial / 4 + k] = 0;
      }
    },

    directTile(inputs, outputs, stride, taps, tapStride, groups, rows, count) {
      for (let g = 0; g < groups; g++) {
        const x = (inputs + g * stride) / 4;
        const z = (outputs + g * stride) / 4;
        const h = (taps + g * tapStride) / 4;
        for (let o = 0; o < count; o++) {
          for (let c = 0; c < STEP; c++) {
            let sum = 0;
            for (let j = 0; j < rows; j++) sum += f[x + j * STEP + c] * f[h + (rows + o - j) * STEP + c];
            f[z + o * STEP + c] += sum;
          }
        }
      }
    },
  };
}

/** The complex transform and its inverse. */
function transforms(f: Floats): Pick<Kernels, 'forward' | 'inverse'> {
  const forward: Kernels['forward'] = (points, n, twiddles) => {
    if (n === 1) return;
    if (n === 2 || n === 8) {
      halve(f, points / 4, n);
      for (const part of [0, n / 2]) forward(points + part * 64, n / 2, twiddles);
    } else {
      butterflies(f, points / 4, n, twiddles / 4, 2);
      for (let k = 0; k < 4; k++) forward(points + k * n * 16, n / 4, twiddles);
    }
  };
  const inverse: Kernels['inverse'] = (points, n, twiddles) => {
    if (n === 1) return;
    if (n === 2 || n === 8) {
      for (const part of [0, n / 2]) inverse(points + part * 64, n / 2, twiddles);
      join(f, points / 4, n);
      return;
    }
    for (let k = 0; k < 4; k++) inverse(points + k * n * 16, n / 4, twiddles);
    inverseButterflies(f, points / 4, n, twiddles / 4, 2, (j, k, c, re, im) => {
      const at = points / 4 + (j + (k * n) / 4) * STEP + c;
      f[at] = re;
      f[at + HALF] = im;
    });
  };
  return { forward, inverse };
}

type Lines = ReturnType<typeof lines>;
type Transforms = ReturnType<typeof transforms>;

/** Tiles by FFT, and what they consist of. */
function tiles(
  f: Floats,
  { forward, inverse }: Transforms,
): Omit<Kernels, keyof (Lines & Transforms & FilterKernels) | 'modalTile'> {
  /** Runs something on each quarter of both halves' points, `half` bytes apart. */
  const quarters = (points: number, half: number, n: number, run: (points: number) => void): void => {
    for (const h of [0, half]) for (let k = 0; k < 4; k++) run(points + h + k * n * 16);
  };

  /**
   * The first pass of the complex rows that `row` gives, of n points for each half of the channels, `half` bytes apart: its
   * butterflies `from` <= j < `to`.
   */
  const twistHalves = (
    points: number,
    half: number,
    n: number,
    twisted: number,
    from: number,
    to: number,
    row: (h: number, j: number, c: number) => [number, number],
  ): void => {
    for (const h of [0, 1]) {
      const at = (points + h * half) / 4;
      for (let j = 0; j < n; j++) {
        if (j % (n / 4) < from || j % (n / 4) >= to) continue;
        // The twist of row j in quarter k is exp(i pi k / 8); the rest of it is in the tables.
        const k = Math.floor((4 * j) / n);
        for (let c = 0; c < HALF; c++) {
          const [re, im] = row(h, j, c);
          f[at + j * STEP + c] = re * cos8(k) - im * sin8(k);
          f[at + j * STEP + HALF + c] = re * sin8(k) + im * cos8(k);
        }
      }
      butterflies(f, at, n, twisted / 4, 4, from, to);
    }
  };

  /** The last pass: rows as `part` makes them of the untwisted points. */
  const untwist = (
    points: number,
    rows: number,
    count: number,
    n: number,
    twisted: number,
    part: (re: number, im: number, k: number) => number,
  ): void => {
    for (const half of [0, 1]) {
      const from = points / 4 + half * n * STEP;
      inverseButterflies(f, from, n, twisted / 4, 4, (j, k, c, re, im) => {
        const row = j + (k * n) / 4;
        if (row < count) f[rows / 4 + row * STEP + half * HALF + c] += part(re, im, k);
      });
    }
  };

  /** The product of two complex numbers at float indices. */
  const product = (x: number, h: number): [number, number] => [
    f[x] * f[h] - f[x + HALF] * f[h + HALF],
    f[x] * f[h + HALF] + f[x + HALF] * f[h],
  ];

  /** `points *= filter`, spectra of n points. */
  const multiply = (points: number, filter: number, n: number): void => {
    for (let p = 0; p < n * STEP; p += STEP) {
      for (let c = p; c < p + HALF; c++) {
        const [re, im] = product(points / 4 + c, filter / 4 + c);
        f[points / 4 + c] = re;
        f[points / 4 + c + HALF] = im;
      }
    }
  };

  /**
   * What is due once `known` children are known, the spectrum of the newest in `points`: the last K children, K the
   * largest power of two dividing `known`, times the filter, for the next K. The first one's sum replaces the newest
   * spectrum; the others' stay among the kept ones.
   */
  const multiplyFan = (
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
  ): void => {
    const sources = known & -known;
    const place = (child: number): number => (kept + (child % keptOf(children)) * size) / 4;
    for (let p = 0; p < n * STEP; p += STEP) {
      for (let c = p; c < p + HALF; c++) {
        const sums: [number, number][] = [];
        for (let target = known; target < Math.min(known + sources, children); target++) {
          let [re, im] = known === sources ? [0, 0] : [f[place(target) + c], f[place(target) + c + HALF]];
          for (let source = known - sources; source < known; source++) {
            const x = source === known - 1 ? points / 4 : place(source);
            const [r, i] = product(x + c, (filter + (target - source - 1) * size) / 4 + c);
            re += r;
            im += i;
          }
          sums.push([re, im]);
        }
        if (known + sources < children) {
          for (const k of [c, c + HALF]) f[place(known - 1) + k] = f[points / 4 + k];
        }
        sums.forEach(([re, im], k) => {
          const to = k === 0 ? points / 4 : place(known + k);
          f[to + c] = re;
          f[to + c + HALF] = im;
        });
      }
    }
  };

  /**
   * Of all children so far, the newest in `points`, each with the spectrum for its distance; the newest is kept if there are
   * more.
   */
  const multiplyAll = (
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
  ): void => {
    for (let p = 0; p < n * STEP; p += STEP) {
      for (let c = p; c < p + HALF; c++) {
        const newest = (kept + (known - 1) * size) / 4;
        if (known < children) for (const k of [c, c + HALF]) f[newest + k] = f[points / 4 + k];
        let [re, im] = [0, 0];
        for (let d = 1; d <= known; d++) {
          const x = d === 1 ? points / 4 : (kept + (known - d) * size) / 4;
          const [r, i] = product(x + c, (filter + (d - 1) * size) / 4 + c);
          re += r;
          im += i;
        }
        f[points / 4 + c] = re;
        f[points / 4 + c + HALF] = im;
      }
    }
  };

  const kernels: ReturnType<typeof tiles> = {
    fftTile(inputs, outputs, count, n, filter, points, twisted, twiddles) {
      kernels.convolveRows(inputs, points, n, filter, twisted, twiddles);
      kernels.addUpper(points, outputs, count, n, twisted);
    },

    fanTile(inputs, outputs, count, n, known, children, kept, filter, size, points, twisted, twiddles) {
      kernels.twistRows(inputs, points, 64 * n, n / 4, twisted, 0, n / 4);
      for (const half of [0, 1]) {
        const child = points + half * 64 * n;
        const own = kept + half * keptOf(children) * size;
        const taps = filter + half * (children - 1) * size;
        for (let part = 0; part < 64 * n; part += 16 * n) {
          kernels.convolve(child + part, n / 4, own + part, taps + part, size, known, children, twiddles);
        }
      }
      kernels.addUpper(points, outputs, count, n, twisted);
    },

    delayedTile(inputs, outputs, count, n, known, children, kept, filter, size, points, twisted, twiddles) {
      kernels.twistRows(inputs, points, 64 * n, n / 4, twisted, 0, n / 4);
      for (const half of [0, 1]) {
        const child = points + half * 64 * n;
        const own = kept + half * (children - 1) * size;
        const taps = filter + half * children * size;
        for (let part = 0; part < 64 * n; part += 16 * n) {
          kernels.convolveAll(child + part, n / 4, own + part, taps + part, size, known, children, twiddles);
        }
      }
      kernels.addUpper(points, outputs, count, n, twisted);
    },

    pairTile(first, second, outputs, count, n, a, b, points, twisted, twiddles) {
      const size = 64 * n;
      const others = points + 2 * size;
      kernels.transformRows(first, points, size, n, twisted, twiddles);
      kernels.transformRows(second, others, size, n, twisted, twiddles);
      multiply(points, a, 2 * n);
      multiply(others, b, 2 * n);
      for (let k = 0; k < 2 * n * STEP; k++) f[points / 4 + k] += f[others / 4 + k];
      quarters(points, size, n, (quarter) => inverse(quarter, n / 4, twiddles));
      kernels.addUpper(points, outputs, count, n, twisted);
    },

    windowTile(inputs, outputs, count, n, left, filter, points, twisted, twiddles) {
      const size = 64 * n;
      kernels.transformRows(inputs, points, size, n, twisted, twiddles);
      const spectra = f.slice(points / 4, (points + 2 * size) / 4);
      multiply(points, filter, 2 * n);
      for (let k = 0; k < spectra.length; k++) f[points / 4 + k] += f[left / 4 + k];
      f.set(spectra, left / 4);
      multiply(left, filter + 2 * size, 2 * n);
      quarters(points, size, n, (quarter) => inverse(quarter, n / 4, twiddles));
      kernels.addUpper(points, outputs, count, n, twisted);
    },

    transformRows(rows, points, half, n, twisted, twiddles) {
      kernels.twistRows(rows, points, half, n / 4, twisted, 0, n / 4);
      quarters(points, half, n, (quarter) => forward(quarter, n / 4, twiddles));
    },

    spectrum(taps, points, half, n, twisted, twiddles) {
      kernels.twistTaps(taps, points, half, n / 4, twisted, 0, n / 4);
      quarters(points, half, n, (quarter) => kernels.spectrumQuarter(quarter, n / 4, twiddles));
    },

    twistRows(rows, points, half, q, twisted, from, to) {
      twistHalves(points, half, 4 * q, twisted, from, to, (h, j, c) => [
        f[rows / 4 + HALF * h + j * STEP + c],
        0,
      ]);
    },

    twistTaps(taps, points, half, q, twisted, from, to) {
      const at = (h: number, j: number, c: number): number => f[taps / 4 + HALF * h + j * STEP + c];
      twistHalves(points, half, 4 * q, twisted, from, to, (h, j, c) => [at(h, j, c), at(h, j + 4 * q, c)]);
    },

    spectrumQuarter(points, q, twiddles) {
      forward(points, q, twiddles);
      for (let k = 0; k < q * STEP; k++) f[points / 4 + k] /= 4 * q;
    },

    convolve(points, n, kept, filter, size, known, children, twiddles) {
      forward(points, n, twiddles);
      multiplyFan(points, n, kept, filter, size, known, children);
      inverse(points, n, twiddles);
    },

    convolveAll(points, n, kept, filter, size, known, children, twiddles) {
      forward(points, n, twiddles);
      multiplyAll(points, n, kept, filter, size, known, children);
      inverse(points, n, twiddles);
    },

    convolveRows(rows, points, n, filter, twisted, twiddles) {
      kernels.transformRows(rows, points, 64 * n, n, twisted, twiddles);
      for (const half of [0, 64 * n]) multiply(points + half, filter + half, n);
      quarters(points, 64 * n, n, (quarter) => inverse(quarter, n / 4, twiddles));
    },

    sumProducts(points, n, spectra, filter, size, count) {
      for (let p = 0; p < n * STEP; p += STEP) {
        for (let c = p; c < p + HALF; c++) {
          let [re, im] = [0, 0];
          for (let k = 0; k < count; k++) {
            const [r, i] = product((spectra + k * size) / 4 + c, (filter + (count - 1 - k) * size) / 4 + c);
            re += r;
            im += i;
          }
          f[points / 4 + c] = re;
          f[points / 4 + c + HALF] = im;
        }
      }
    },

    addLower(points, rows, count, n, twisted) {
      untwist(points, rows, count, n, twisted, (re, im, k) => re * cos8(k) + im * sin8(k));
    },

    addUpper(points, rows, count, n, twisted) {
      untwist(points, rows, count, n, twisted, (re, im, k) => im * cos8(k) - re * sin8(k));
    },
  };
  return kernels;
}

function cos8(k: number): number {
  return Math.cos((Math.PI * k) / 8);
}

function sin8(k: number): number {
  return Math.sin((Math.PI * k) / 8);
}

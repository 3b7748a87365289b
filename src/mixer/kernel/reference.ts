/**
 * The kernels in TypeScript: the same contract, the same order of spectra, one channel at a time. Slow,
 * and meant to be read and compared with. Sums are carried in float64 where the SIMD kernels use float32.
 */
import { keptOf, type Kernels } from './kernels.js';

/** Floats per line or point. */
const STEP = 16;
/** Channels per point; also from a point's real to its imaginary parts. */
const HALF = 8;

export function referenceKernels(memory: WebAssembly.Memory): Kernels {
  return new ReferenceKernels(new Float32Array(memory.buffer));
}

class ReferenceKernels implements Kernels {
  constructor(private readonly f: Float32Array) {}

  scatter(row: number, lines: number, stride: number, groups: number): void {
    const { f } = this;
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < STEP; c++) f[(lines + g * stride) / 4 + c] = f[row / 4 + g * STEP + c];
    }
  }

  pendingRow(
    line: number,
    row: number,
    stride: number,
    taps: number,
    tapStride: number,
    groups: number,
    count: number,
  ): void {
    const { f } = this;
    for (let g = 0; g < groups; g++) {
      const z = (line + g * stride) / 4;
      const h = (taps + g * tapStride) / 4;
      for (let c = 0; c < STEP; c++) {
        let sum = f[z + c];
        for (let j = 1; j <= count; j++) sum += f[z - j * STEP + c] * f[h + j * STEP + c];
        f[row / 4 + g * STEP + c] = sum;
      }
    }
  }

  dot(past: number, taps: number, rows: number, total: number): void {
    const { f } = this;
    for (let c = 0; c < STEP; c++) {
      let sum = f[total / 4 + c];
      for (let r = 0; r < rows; r++) sum += f[past / 4 + r * STEP + c] * f[taps / 4 + r * STEP + c];
      f[total / 4 + c] = sum;
    }
  }

  spread(y: number, taps: number, sums: number, rows: number): void {
    const { f } = this;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < STEP; c++) f[sums / 4 + r * STEP + c] += f[y / 4 + c] * f[taps / 4 + r * STEP + c];
    }
  }

  flush(partial: number, totals: number, rows: number): void {
    const { f } = this;
    for (let k = 0; k < rows * STEP; k++) {
      f[totals / 4 + k] += f[partial / 4 + k];
      f[partial / 4 + k] = 0;
    }
  }

  directTile(
    inputs: number,
    outputs: number,
    stride: number,
    taps: number,
    tapStride: number,
    groups: number,
    rows: number,
    count: number,
  ): void {
    const { f } = this;
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
  }

  fftTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    filter: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void {
    this.convolveRows(inputs, points, n, filter, twisted, twiddles);
    this.addUpper(points, outputs, count, n, twisted);
  }

  spectrum(taps: number, points: number, half: number, n: number, twisted: number, twiddles: number): void {
    this.twistTaps(taps, points, half, n / 4, twisted);
    for (const h of [0, half]) {
      for (let k = 0; k < 4; k++) this.spectrumQuarter(points + h + k * n * 16, n / 4, twiddles);
    }
  }

  twistTaps(taps: number, points: number, half: number, q: number, twisted: number): void {
    const { f } = this;
    for (const h of [0, 1]) {
      const row = (taps + 32 * h) / 4;
      const to = points + h * half;
      this.twist(to, 4 * q, (j, c) => [f[row + j * STEP + c], f[row + (j + 4 * q) * STEP + c]]);
      this.butterflies(to / 4, 4 * q, twisted / 4, 4);
    }
  }

  spectrumQuarter(points: number, q: number, twiddles: number): void {
    this.forward(points, q, twiddles);
    for (let k = 0; k < q * STEP; k++) this.f[points / 4 + k] /= 4 * q;
  }

  convolveRows(
    rows: number,
    points: number,
    n: number,
    filter: number,
    twisted: number,
    twiddles: number,
  ): void {
    this.transformRows(rows, points, 64 * n, n, twisted, twiddles);
    for (const half of [0, 64 * n]) {
      this.multiply(points + half, filter + half, n);
      this.inverseQuarters(points + half, n, twiddles);
    }
  }

  fanTile(
    inputs: number,
    outputs: number,
    count: number,
    n: number,
    known: number,
    children: number,
    kept: number,
    filter: number,
    size: number,
    points: number,
    twisted: number,
    twiddles: number,
  ): void {
    this.twistRows(inputs, points, 64 * n, n / 4, twisted);
    for (const half of [0, 1]) {
      const child = points + half * 64 * n;
      const own = kept + half * keptOf(children) * size;
      const taps = filter + half * (children - 1) * size;
      for (let part = 0; part < 64 * n; part += 16 * n) {
        this.convolve(child + part, n / 4, own + part, taps + part, size, known, children, twiddles);
      }
    }
    this.addUpper(points, outputs, count, n, twisted);
  }

  convolve(
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
    twiddles: number,
  ): void {
    this.forward(points, n, twiddles);
    this.multiplyFan(points, n, kept, filter, size, known, children);
    this.inverse(points, n, twiddles);
  }

  addLower(points: number, rows: number, count: number, n: number, twisted: number): void {
    this.untwist(points, rows, count, n, twisted, (re, im, k) => re * cos8(k) + im * sin8(k));
  }

  addUpper(points: number, rows: number, count: number, n: number, twisted: number): void {
    this.untwist(points, rows, count, n, twisted, (re, im, k) => im * cos8(k) - re * sin8(k));
  }

  forward(points: number, n: number, twiddles: number): void {
    if (n === 1) return;
    if (n === 2 || n === 8) {
      this.halve(points / 4, n);
      for (const part of [0, n / 2]) this.forward(points + part * 64, n / 2, twiddles);
    } else {
      this.butterflies(points / 4, n, twiddles / 4, 2);
      for (let k = 0; k < 4; k++) this.forward(points + k * n * 16, n / 4, twiddles);
    }
  }

  inverse(points: number, n: number, twiddles: number): void {
    if (n === 1) return;
    if (n === 2 || n === 8) {
      for (const part of [0, n / 2]) this.inverse(points + part * 64, n / 2, twiddles);
      this.join(points / 4, n);
      return;
    }
    for (let k = 0; k < 4; k++) this.inverse(points + k * n * 16, n / 4, twiddles);
    const { f } = this;
    this.inverseButterflies(points / 4, n, twiddles / 4, 2, (j, k, c, re, im) => {
      const at = points / 4 + (j + (k * n) / 4) * STEP + c;
      f[at] = re;
      f[at + HALF] = im;
    });
  }

  transformRows(
    rows: number,
    points: number,
    half: number,
    n: number,
    twisted: number,
    twiddles: number,
  ): void {
    this.twistRows(rows, points, half, n / 4, twisted);
    for (const h of [0, half]) {
      for (let k = 0; k < 4; k++) this.forward(points + h + k * n * 16, n / 4, twiddles);
    }
  }

  twistRows(rows: number, points: number, half: number, q: number, twisted: number): void {
    const { f } = this;
    for (const h of [0, 1]) {
      const row = (rows + 32 * h) / 4;
      const to = points + h * half;
      this.twist(to, 4 * q, (j, c) => [f[row + j * STEP + c], 0]);
      this.butterflies(to / 4, 4 * q, twisted / 4, 4);
    }
  }

  /** Its inverse, but for the last pass, which untwists. */
  private inverseQuarters(points: number, n: number, twiddles: number): void {
    for (let k = 0; k < 4; k++) this.inverse(points + k * n * 16, n / 4, twiddles);
  }

  /** `points *= filter`, spectra of n points. */
  private multiply(points: number, filter: number, n: number): void {
    const { f } = this;
    for (let p = 0; p < n * STEP; p += STEP) {
      for (let c = p; c < p + HALF; c++) {
        const [re, im] = this.product(points / 4 + c, filter / 4 + c);
        f[points / 4 + c] = re;
        f[points / 4 + c + HALF] = im;
      }
    }
  }

  /**
   * What is due once `known` children are known, the spectrum of the newest in `points`: the last K children, K the
   * largest power of two dividing `known`, times the filter, for the next K. The first one's sum replaces the newest
   * spectrum; the others' stay among the kept ones.
   */
  private multiplyFan(
    points: number,
    n: number,
    kept: number,
    filter: number,
    size: number,
    known: number,
    children: number,
  ): void {
    const { f } = this;
    const sources = known & -known;
    const place = (child: number): number => (kept + (child % keptOf(children)) * size) / 4;
    for (let p = 0; p < n * STEP; p += STEP) {
      for (let c = p; c < p + HALF; c++) {
        const sums: [number, number][] = [];
        for (let target = known; target < Math.min(known + sources, children); target++) {
          let [re, im] = known === sources ? [0, 0] : [f[place(target) + c], f[place(target) + c + HALF]];
          for (let source = known - sources; source < known; source++) {
            const x = source === known - 1 ? points / 4 : place(source);
            const [r, i] = this.product(x + c, (filter + (target - source - 1) * size) / 4 + c);
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
  }

  /** The product of two complex numbers at float indices. */
  private product(x: number, h: number): [number, number] {
    const { f } = this;
    return [f[x] * f[h] - f[x + HALF] * f[h + HALF], f[x] * f[h + HALF] + f[x + HALF] * f[h]];
  }

  /** One forward radix-2 pass: even frequencies to the first half, odd ones to the second. */
  private halve(at: number, n: number): void {
    const { f } = this;
    this.pairs(at, n, (a, b, cos, sin) => {
      const [re, im] = [f[a] - f[b], f[a + HALF] - f[b + HALF]];
      f[a] += f[b];
      f[a + HALF] += f[b + HALF];
      f[b] = re * cos - im * sin;
      f[b + HALF] = re * sin + im * cos;
    });
  }

  /** Its inverse, times 2. */
  private join(at: number, n: number): void {
    const { f } = this;
    this.pairs(at, n, (a, b, cos, sin) => {
      const re = f[b] * cos + f[b + HALF] * sin;
      const im = f[b + HALF] * cos - f[b] * sin;
      f[b] = f[a] - re;
      f[b + HALF] = f[a + HALF] - im;
      f[a] += re;
      f[a + HALF] += im;
    });
  }

  /** Points j and j + n / 2 of every channel, and W^j. */
  private pairs(at: number, n: number, use: (a: number, b: number, cos: number, sin: number) => void): void {
    for (let j = 0; j < n / 2; j++) {
      const angle = (-2 * Math.PI * j) / n;
      for (let c = 0; c < HALF; c++) {
        const a = at + j * STEP + c;
        use(a, a + (n / 2) * STEP, Math.cos(angle), Math.sin(angle));
      }
    }
  }

  /** `points[j] = (re + i im) exp(i pi k / 8)` for row j in quarter k; the rest of the twist is in the tables. */
  private twist(points: number, n: number, row: (j: number, c: number) => [number, number]): void {
    const { f } = this;
    for (let j = 0; j < n; j++) {
      const k = Math.floor((4 * j) / n);
      for (let c = 0; c < HALF; c++) {
        const [re, im] = row(j, c);
        f[points / 4 + j * STEP + c] = re * cos8(k) - im * sin8(k);
        f[points / 4 + j * STEP + HALF + c] = re * sin8(k) + im * cos8(k);
      }
    }
  }

  /** One forward radix-4 pass. Entries have `per` twiddles, see `twiddle`. */
  private butterflies(at: number, n: number, tables: number, per: 2 | 4): void {
    const { f } = this;
    const q = n / 4;
    const table = tables + 2 * per * (q - 1);
    for (let j = 0; j < q; j++) {
      for (let c = 0; c < HALF; c++) {
        const p = [0, 1, 2, 3].map((k) => at + (j + k * q) * STEP + c);
        const [x0, x1, x2, x3] = p.map((a) => f[a]);
        const [i0, i1, i2, i3] = p.map((a) => f[a + HALF]);
        const re = [x0 + x1 + x2 + x3, x0 + i1 - x2 - i3, x0 - x1 + x2 - x3, x0 - i1 - x2 + i3];
        const im = [i0 + i1 + i2 + i3, i0 - x1 - i2 + x3, i0 - i1 + i2 - i3, i0 + x1 - i2 - x3];
        for (let m = 0; m < 4; m++) {
          const [cos, sin] = this.twiddle(table + 2 * j * per, m, per);
          f[p[m]] = re[m] * cos - im[m] * sin;
          f[p[m] + HALF] = re[m] * sin + im[m] * cos;
        }
      }
    }
  }

  /** Quarter m's twiddle: entries have 4 (twisted), or 2: quarter 0's would be 1, quarter 3's the conjugate of quarter 1's. */
  private twiddle(entry: number, m: number, per: 2 | 4): [number, number] {
    const { f } = this;
    if (per === 4) return [f[entry + 2 * m], f[entry + 2 * m + 1]];
    if (m === 0) return [1, 0];
    return m === 3 ? [f[entry], -f[entry + 1]] : [f[entry + 2 * m - 2], f[entry + 2 * m - 1]];
  }

  /** One inverse radix-4 pass; gives each result, point j + k n / 4 of channel c, to `take`. */
  private inverseButterflies(
    at: number,
    n: number,
    tables: number,
    per: 2 | 4,
    take: (j: number, k: number, c: number, re: number, im: number) => void,
  ): void {
    const { f } = this;
    const q = n / 4;
    const table = tables + 2 * per * (q - 1);
    for (let j = 0; j < q; j++) {
      for (let c = 0; c < HALF; c++) {
        const re = [0, 0, 0, 0];
        const im = [0, 0, 0, 0];
        for (let m = 0; m < 4; m++) {
          const y = at + (j + m * q) * STEP + c;
          const [cos, sin] = this.twiddle(table + 2 * j * per, m, per);
          re[m] = f[y] * cos + f[y + HALF] * sin;
          im[m] = f[y + HALF] * cos - f[y] * sin;
        }
        take(j, 0, c, re[0] + re[1] + re[2] + re[3], im[0] + im[1] + im[2] + im[3]);
        take(j, 1, c, re[0] - im[1] - re[2] + im[3], im[0] + re[1] - im[2] - re[3]);
        take(j, 2, c, re[0] - re[1] + re[2] - re[3], im[0] - im[1] + im[2] - im[3]);
        take(j, 3, c, re[0] + im[1] - re[2] - im[3], im[0] - re[1] - im[2] + re[3]);
      }
    }
  }

  private untwist(
    points: number,
    rows: number,
    count: number,
    n: number,
    twisted: number,
    part: (re: number, im: number, k: number) => number,
  ): void {
    const { f } = this;
    for (const half of [0, 1]) {
      const from = points / 4 + half * n * STEP;
      this.inverseButterflies(from, n, twisted / 4, 4, (j, k, c, re, im) => {
        const row = j + (k * n) / 4;
        if (row < count) f[rows / 4 + row * STEP + half * HALF + c] += part(re, im, k);
      });
    }
  }
}

function cos8(k: number): number {
  return Math.cos((Math.PI * k) / 8);
}

function sin8(k: number): number {
  return Math.sin((Math.PI * k) / 8);
}

/** Passes of the reference's transforms: radix 4, and radix 2 where a size is no power of 4. Indices are of floats. */

/** Floats per point, and channels per point. */
const STEP = 16;
const HALF = 8;

export type Floats = Float32Array;

/** One forward radix-2 pass: even frequencies to the first half, odd ones to the second. */
export function halve(f: Floats, at: number, n: number): void {
  pairs(at, n, (a, b, cos, sin) => {
    const [re, im] = [f[a] - f[b], f[a + HALF] - f[b + HALF]];
    f[a] += f[b];
    f[a + HALF] += f[b + HALF];
    f[b] = re * cos - im * sin;
    f[b + HALF] = re * sin + im * cos;
  });
}

/** Its inverse, times 2. */
export function join(f: Floats, at: number, n: number): void {
  pairs(at, n, (a, b, cos, sin) => {
    const re = f[b] * cos + f[b + HALF] * sin;
    const im = f[b + HALF] * cos - f[b] * sin;
    f[b] = f[a] - re;
    f[b + HALF] = f[a + HALF] - im;
    f[a] += re;
    f[a + HALF] += im;
  });
}

/** Points j and j + n / 2 of every channel, and W^j. */
function pairs(at: number, n: number, use: (a: number, b: number, cos: number, sin: number) => void): void {
  for (let j = 0; j < n / 2; j++) {
    const angle = (-2 * Math.PI * j) / n;
    for (let c = 0; c < HALF; c++) {
      const a = at + j * STEP + c;
      use(a, a + (n / 2) * STEP, Math.cos(angle), Math.sin(angle));
    }
  }
}

/** One forward radix-4 pass, or its butterflies `from` <= j < `to`. Entries have `per` twiddles, see `twiddle`. */
export function butterflies(
  f: Floats,
  at: number,
  n: number,
  tables: number,
  per: 2 | 4,
  from = 0,
  to = n / 4,
): void {
  const q = n / 4;
  const table = tables + 2 * per * (q - 1);
  for (let j = from; j < to; j++) {
    for (let c = 0; c < HALF; c++) {
      const p = [0, 1, 2, 3].map((k) => at + (j + k * q) * STEP + c);
      const [x0, x1, x2, x3] = p.map((a) => f[a]);
      const [i0, i1, i2, i3] = p.map((a) => f[a + HALF]);
      const re = [x0 + x1 + x2 + x3, x0 + i1 - x2 - i3, x0 - x1 + x2 - x3, x0 - i1 - x2 + i3];
      const im = [i0 + i1 + i2 + i3, i0 - x1 - i2 + x3, i0 - i1 + i2 - i3, i0 + x1 - i2 - x3];
      for (let m = 0; m < 4; m++) {
        const [cos, sin] = twiddle(f, table + 2 * j * per, m, per);
        f[p[m]] = re[m] * cos - im[m] * sin;
        f[p[m] + HALF] = re[m] * sin + im[m] * cos;
      }
    }
  }
}

/** One inverse radix-4 pass; gives each result, point j + k n / 4 of channel c, to `take`. */
export function inverseButterflies(
  f: Floats,
  at: number,
  n: number,
  tables: number,
  per: 2 | 4,
  take: (j: number, k: number, c: number, re: number, im: number) => void,
): void {
  const q = n / 4;
  const table = tables + 2 * per * (q - 1);
  for (let j = 0; j < q; j++) {
    for (let c = 0; c < HALF; c++) {
      const re = [0, 0, 0, 0];
      const im = [0, 0, 0, 0];
      for (let m = 0; m < 4; m++) {
        const y = at + (j + m * q) * STEP + c;
        const [cos, sin] = twiddle(f, table + 2 * j * per, m, per);
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

/** Quarter m's twiddle: entries have 4 (twisted), or 2: quarter 0's would be 1, quarter 3's the conjugate of quarter 1's. */
function twiddle(f: Floats, entry: number, m: number, per: 2 | 4): [number, number] {
  if (per === 4) return [f[entry + 2 * m], f[entry + 2 * m + 1]];
  if (m === 0) return [1, 0];
  return m === 3 ? [f[entry], -f[entry + 1]] : [f[entry + 2 * m - 2], f[entry + 2 * m - 1]];
}

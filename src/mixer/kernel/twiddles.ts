/**
 * Twiddle tables, each entry from float64 cos and sin: a recurrence would lose digits at every step, and a
 * transform cannot be more accurate than its twiddles.
 */

/** Tables of sizes 4, 8, ... n at `at` (a float index): for j < size / 4, `[W^j, W^2j]`, W = exp(-2 pi i / size). */
export function writeTwiddles(floats: Float32Array, at: number, n: number): void {
  for (let size = 4; size <= n; size *= 2) {
    for (let j = 0; j < size / 4; j++) {
      for (let m = 1; m < 3; m++) {
        const angle = (-2 * Math.PI * j * m) / size;
        floats[at++] = Math.cos(angle);
        floats[at++] = Math.sin(angle);
      }
    }
  }
}

/** The same with the twist w^j, w = exp(i pi / (2 size)): for j < size / 4, `[w^j W^mj]`, m = 0, 1, 2, -1. */
export function writeTwistedTwiddles(floats: Float32Array, at: number, n: number): void {
  for (let size = 4; size <= n; size *= 2) {
    for (let j = 0; j < size / 4; j++) {
      for (const m of [0, 1, 2, -1]) {
        const angle = (Math.PI * j * (1 - 4 * m)) / (2 * size);
        floats[at++] = Math.cos(angle);
        floats[at++] = Math.sin(angle);
      }
    }
  }
}

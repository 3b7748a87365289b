/**
 * The channel-blocked layout: activations are `[channel group of 16][time][16]` float32, so that one time step
 * of one group is one cache line. A tile then reads and writes contiguous memory, and 4 neighbouring channels
 * make one SIMD vector.
 */

/** Channels per group. */
export const GROUP = 16;
/** Bytes per line: one time step of one group. */
export const LINE = GROUP * 4;

/**
 * Terms of a sum that are added up by themselves before they are added to the total. A float32 sum of n terms loses about
 * sqrt(n) roundoffs; two levels lose sqrt(BLOCK) + sqrt(n / BLOCK), least near BLOCK = sqrt(n), for the n = 2^17 we care
 * about. (The kernels have the same constant.)
 */
export const BLOCK = 256;

/** Channel groups that hold `width` channels; the last is padded. */
export function groupsOf(width: number): number {
  return Math.ceil(width / GROUP);
}

/**
 * Lines from one group's array to the next group's, for `rows` time steps. Each token touches the same few rows
 * of every group: were their distance a multiple of the cache's size (as it is for rows = 2^k), they would all
 * compete for the same few cache sets. So the distance is made 33 modulo 64, the sets of a 32 KB, 8-way L1.
 */
export function strideLines(rows: number): number {
  return rows + ((((33 - rows) % 64) + 64) % 64);
}

/** Rows `[time, channel]` of `width` channels to the lines of one group; missing channels become 0. */
export function toLines(
  rows: Float32Array,
  width: number,
  group: number,
  lines: Float32Array,
  at: number,
  count: number,
): void {
  const first = group * GROUP;
  const channels = Math.min(GROUP, width - first);
  // Two channels at a time, where both lie at multiples of 8 bytes.
  if (channels === GROUP && width % 2 === 0 && rows.byteOffset % 8 === 0) {
    const from = new Float64Array(rows.buffer, rows.byteOffset, (count * width) / 2);
    const to = new Float64Array(lines.buffer, lines.byteOffset + at * 4, (count * GROUP) / 2);
    for (let t = 0; t < count; t++) {
      const row = (t * width + first) / 2;
      const line = (t * GROUP) / 2;
      for (let c = 0; c < GROUP / 2; c++) to[line + c] = from[row + c];
    }
    return;
  }
  for (let t = 0; t < count; t++) {
    const from = t * width + first;
    const to = at + t * GROUP;
    for (let c = 0; c < channels; c++) lines[to + c] = rows[from + c];
    for (let c = channels; c < GROUP; c++) lines[to + c] = 0;
  }
}

/** Rows that `toGroups` takes at a time: in a cache, all of their groups. */
const ROWS = 64;

/** The same for several groups, whose lines begin at `at` and so on. */
export function toGroups(
  rows: Float32Array,
  width: number,
  group: number,
  lines: Float32Array,
  at: readonly number[],
  count: number,
): void {
  for (let t = 0; t < count; t += ROWS) {
    const part = rows.subarray(t * width);
    for (let k = 0; k < at.length; k++) {
      toLines(part, width, group + k, lines, at[k] + t * GROUP, Math.min(ROWS, count - t));
    }
  }
}

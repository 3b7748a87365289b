/**
 * Sizes in bytes. A *line* is one time step of one channel group: 16 float32, one cache line. A *point* is one
 * complex number in each of 8 channels, `[8 real parts][8 imaginary parts]`, again one cache line; a group of
 * 16 channels is transformed as two halves of 8.
 */
export const LINE: usize = 64;
export const POINT: usize = 64;
/** From a point's real parts to its imaginary parts. */
export const IMAGINARY: usize = 32;
/** One vector: 4 channels. */
export const VECTOR: usize = 16;

/**
 * Terms summed in registers before they are added to the running total. A float32 sum of n terms loses about
 * sqrt(n) roundoffs; two levels lose sqrt(BLOCK) + sqrt(n / BLOCK), least near BLOCK = sqrt(n) for the n = 2^17
 * we care about.
 */
export const BLOCK: u32 = 256;

/** From one vector of a point to the next. */
// @inline
export function step(at: usize): usize {
  return at & VECTOR ? POINT - VECTOR : VECTOR;
}

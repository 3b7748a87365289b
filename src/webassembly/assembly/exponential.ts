import { madd, msub } from './fused';

/** 1.5 x 2^23: added to a number x of at most 2^22 in size, the lowest bits are those of the nearest whole one. */
export const ROUND: f32 = 12582912;

/**
 * exp(x) for x <= 88, to a few ulps: a power of two, and exp of the rest, at most log(2) / 2 in size, by its series. Below -87,
 * that of -87.
 */
// @inline
export function exponential(x: v128): v128 {
  const within = f32x4.pmax(x, f32x4.splat(-87));
  const rounded = f32x4.add(f32x4.mul(within, f32x4.splat(1.4426950408889634)), f32x4.splat(ROUND));
  const n = f32x4.sub(rounded, f32x4.splat(ROUND));
  let r = msub(within, n, f32x4.splat(0.693359375));
  r = msub(r, n, f32x4.splat(-2.12194440054690583e-4));
  let p = f32x4.splat(1.3888889225194e-3);
  p = madd(f32x4.splat(8.333333333333333e-3), p, r);
  p = madd(f32x4.splat(4.1666666666666664e-2), p, r);
  p = madd(f32x4.splat(0.16666666666666666), p, r);
  p = madd(f32x4.splat(0.5), p, r);
  p = madd(f32x4.splat(1), p, r);
  p = madd(f32x4.splat(1), p, r);
  return i32x4.add(p, i32x4.shl(rounded, 23));
}

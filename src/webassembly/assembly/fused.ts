/**
 * Products that are summed. Where the module may use relaxed SIMD, one instruction does both, on processors that have
 * it (FMA): a third fewer operations in a transform, and one rounding less each.
 */

/** `sum + a b`. */
// @inline
export function madd(sum: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_madd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
}

/** `sum - a b`. */
// @inline
export function msub(sum: v128, a: v128, b: v128): v128 {
  return ASC_FEATURE_RELAXED_SIMD ? f32x4.relaxed_nmadd(a, b, sum) : f32x4.sub(sum, f32x4.mul(a, b));
}

/** `sum` and the real part of (xr + i xi)(hr + i hi). */
// @inline
export function real(sum: v128, xr: v128, hr: v128, xi: v128, hi: v128): v128 {
  return msub(madd(sum, xr, hr), xi, hi);
}

/** `sum` and its imaginary part. */
// @inline
export function imaginary(sum: v128, xr: v128, hr: v128, xi: v128, hi: v128): v128 {
  return madd(madd(sum, xr, hi), xi, hr);
}

/** `sum` less the real part of (xr + i xi)(hr + i hi). */
// @inline
export function minusReal(sum: v128, xr: v128, hr: v128, xi: v128, hi: v128): v128 {
  return madd(msub(sum, xr, hr), xi, hi);
}

/** `sum` less its imaginary part. */
// @inline
export function minusImaginary(sum: v128, xr: v128, hr: v128, xi: v128, hi: v128): v128 {
  return msub(msub(sum, xr, hi), xi, hr);
}

/** One value per channel: input, carrier and output of most mixers here. */
export type Vector = Float64Array;

export function sum(a: Vector, b: Vector): Vector {
  return a.map((value, c) => value + b[c]);
}

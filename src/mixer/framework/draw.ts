/**
 * Random cases that shrink by themselves. A case is made of draws, numbers 0 <= x < 1; a simpler case is made of fewer or
 * smaller draws. So shrinking knows nothing of what is drawn, as long as small draws make simple things.
 */

/** The next draw. */
export type Draw = () => number;

/** A whole number, `from` <= n <= `to`; simplest is `from`. */
export function drawWhole(draw: Draw, from: number, to: number): number {
  return from + Math.floor(draw() * (to - from + 1));
}

/** A number from -2 to 2, a multiple of 1/16: 0, the simplest, then 1/16, -1/16, 1/8, ... */
export function drawReal(draw: Draw): number {
  const n = Math.floor(draw() * 64);
  return (n % 2 === 1 ? n + 1 : -n) / 32;
}

/** What is wrong with the case that the draws make, if anything. */
export type Trial = (draw: Draw) => string | undefined;

/** The most cases to try while shrinking. */
const MOST_STEPS = 3000;

/** Tries random cases; of the first that fails, returns what is wrong with the simplest found that fails as well. */
export function firstFailure(trial: Trial, trials: number, random: Draw): string | undefined {
  for (let k = 0; k < trials; k++) {
    const draws: number[] = [];
    const failure = trial(() => {
      draws.push(random());
      return draws[draws.length - 1];
    });
    if (failure !== undefined) return shrink(trial, draws, failure);
  }
  return undefined;
}

/** Draws that were taken away are 0. */
function replay(trial: Trial, draws: readonly number[]): string | undefined {
  let at = 0;
  return trial(() => (at < draws.length ? draws[at++] : 0));
}

function shrink(trial: Trial, first: readonly number[], failure: string): string {
  let draws = [...first];
  let steps = 0;
  const simplify = (candidate: number[]): boolean => {
    if (steps++ >= MOST_STEPS) return false;
    const again = replay(trial, candidate);
    if (again === undefined) return false;
    [draws, failure] = [candidate, again];
    return true;
  };
  for (let progress = true; progress && steps < MOST_STEPS;) {
    progress = false;
    for (let size = draws.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = draws.length - size; at >= 0; at -= size) {
        if (simplify([...draws.slice(0, at), ...draws.slice(at + size)])) progress = true;
      }
    }
    for (let at = 0; at < draws.length; at++) {
      for (const smaller of [0, draws[at] / 2, draws[at] - 1 / 64]) {
        if (smaller >= 0 && smaller < draws[at] - 1e-6) {
          if (simplify(draws.map((x, k) => (k === at ? smaller : x)))) {
            progress = true;
            break;
          }
        }
      }
    }
  }
  return failure;
}

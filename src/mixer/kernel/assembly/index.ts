/** Adds two rows of 16 channels. */
export function addRow(from: usize, to: usize): void {
  for (let b: usize = 0; b < 64; b += 16) {
    v128.store(to + b, f32x4.add(v128.load(to + b), v128.load(from + b)));
  }
}

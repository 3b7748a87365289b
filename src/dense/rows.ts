/** Outputs in a panel, see assembly/floats.ts. */
export const PANEL = 32;

/** Panels of so many outputs. */
export const panels = (outputs: number): number => Math.ceil(outputs / PANEL);

/** From row to row of so many channels, in bytes: whole panels, which a product's outputs take. */
export const stride = (channels: number): number => panels(channels) * PANEL * 4;

/** Rows of float32 in a workspace, so many channels each. */
export interface Rows {
  readonly address: number;
  readonly channels: number;
  /** Bytes from one to the next. */
  readonly stride: number;
  /** All of them, room behind their channels included. */
  readonly values: Float32Array;
}

/** Copies rows that follow each other, `[row, channel]`, to where they are apart. */
export function writeRows(from: Float32Array, { values, channels, stride }: Rows): void {
  const apart = stride / 4;
  if (apart === channels) return values.set(from);
  for (let row = 0; row * channels < from.length; row++) {
    values.set(from.subarray(row * channels, (row + 1) * channels), row * apart);
  }
}

/** The other way. */
export function readRows({ values, channels, stride }: Rows, to: Float32Array): void {
  const apart = stride / 4;
  if (apart === channels) return to.set(values);
  for (let row = 0; row * channels < to.length; row++) {
    to.set(values.subarray(row * apart, row * apart + channels), row * channels);
  }
}

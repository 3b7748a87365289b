export { addProducts, clearLines, pendingRow, scatter, stepRow } from './rows';
export { dot, flush, readLines, spread } from './stream';
export { directTile } from './direct';
export { forward, inverse } from './transform';
export { convolve, convolveAll } from './products';
export { sumProducts } from './sums';
export { modalTile } from './modal';
export { multiplyRows, shrinkRows, sineRows, windowRows } from './filter';
export { pairTile } from './pair';
export { windowTile } from './window';
export {
  addLower,
  addUpper,
  convolveRows,
  delayedTile,
  fanTile,
  fftTile,
  spectrum,
  spectrumQuarter,
  transformRows,
  twistRows,
  twistTaps,
} from './twist';

export { pendingRow, scatter } from './rows';
export { dot, flush, spread } from './stream';
export { directTile } from './direct';
export { forward, inverse } from './transform';
export { addLower, addUpper, convolveRows, fanTile, fftTile, spectrum, transformRows } from './twist';

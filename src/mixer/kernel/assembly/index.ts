export { gather, scatter } from './rows';
export { dot, flush, spread } from './stream';
export { directTile } from './direct';
export { forward, inverse } from './transform';
export { addLower, addUpper, convolveRows, fftTile, spectrum } from './twist';

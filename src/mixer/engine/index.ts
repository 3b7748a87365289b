/** The arithmetic of the mixers on one thread. */
/** @internal */
export type { Deferred, Engine } from './engine.js';
/** @internal */
export { KINDS } from './kinds.js';
export type { KernelsName, Recipe } from './open.js';
/** @internal */
export { KERNELS, openEngine, type Opened } from './open.js';
export { ImplicitFilters, type Lags, type ReadValues } from './implicit-filters.js';
/** @internal */
export { type GrowingTaps, implicitBytes, MOST_GROWN, ROWS_TOGETHER } from './implicit-filters.js';
/** @internal */
export { tileRunner } from './tile/runner.js';
/** @internal */
export { tiledSums } from './tiled-memory.js';

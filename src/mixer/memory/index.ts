/** Where each array of a convolution lies, and how much memory that takes. */
export type { BankLayout, Spec } from './bank.js';
/** @internal */
export { type Bank, dealBanks, type FilterRows, layoutSlots, unitOf } from './bank.js';
/** @internal */
export { BLOCK, GROUP, groupsOf, LINE, strideLines, toGroups, toLines } from './blocks.js';
/** @internal */
export { modalFilterOf, paddedModes, writeModes } from './modes.js';
/** @internal */
export { layoutTiled, type LevelLayout, tableBytes, type TiledLayout } from './tiled.js';
export { planMemory, type PlanMemory } from './usage.js';

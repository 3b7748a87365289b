export { multiplyFourRows } from '../../webassembly/assembly/strip';
export { layBytes, layScales, multiplyBytes } from './bytes';
export { layColumns, layRows, multiplyFloats, multiplyRow } from './floats';
export { layNibbles, multiplyNibbles } from './nibbles';
export { activate, addBranch, convolveLong, convolveShort, geluTanh, multiply, normalise } from './pointwise';
export { roundBlocks, roundRows } from './rounding';

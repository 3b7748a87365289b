export { multiplyFourRows } from '../../webassembly/assembly/strip';
export { layColumns, layRows, multiplyFloats, multiplyRow } from './floats';
export { layBytes, layScales, multiplyBytes, roundRows } from './integers';
export { layNibbles, multiplyNibbles, roundBlocks } from './nibbles';
export { activate, addBranch, convolveLong, convolveShort, geluTanh, multiply, normalise } from './pointwise';

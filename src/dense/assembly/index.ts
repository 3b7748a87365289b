export { multiplyFourRows } from '../../webassembly/assembly/strip';
export { layColumns, layRows, multiplyFloats, multiplyRow } from './floats';
export { layBytes, layNibbles, layScales, multiplyBytes, roundRows } from './integers';
export { activate, addBranch, convolveLong, convolveShort, geluTanh, multiply, normalise } from './pointwise';

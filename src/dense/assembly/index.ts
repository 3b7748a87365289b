export { layColumns, layRows, multiplyFloats, multiplyFourRows, multiplyRow } from './floats';
export { layBytes, layNibbles, layScales, multiplyBytes, roundRows } from './integers';
export {
  addBranch,
  convolveLong,
  convolveShort,
  gelu,
  geluTanh,
  multiply,
  normalise,
  relu,
  sigmoids,
  silu,
  tanhs,
} from './pointwise';

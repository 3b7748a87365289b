/** Dense layers of single tokens on the CPU: products with weights of 32, 8 and 4 bits, and what lies between them. */
export { Dense } from './dense.js';
export { denseModules, FUNCTIONS, type Kernels } from './kernels.js';
export { type Matrix, matrixBytes, type MatrixShape } from './matrix.js';
export { readRows, type Rows, stride, writeRows } from './rows.js';

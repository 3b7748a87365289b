/** A writer of ONNX graphs, which knows no model. */
export { CONTRIB, GraphBuilder, type Value } from './graph.js';
export { elements, type Packing, type TensorPlace, type TensorTable } from './tensors.js';

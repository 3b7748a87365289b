/** How good: bits per byte; logits and hidden states. */
export { computeActivations } from './activations.js';
export { evaluate, type Evaluation } from './evaluate.js';

/** How good: likelihoods of sequences, bits per byte; logits and hidden states. */
export { computeActivations } from './activations.js';
export { type EmbeddedRecord, embedMany, type EmbedManyOptions, type Pooling, POOLINGS } from './embed.js';
export { evaluate, type Evaluation } from './evaluate.js';
export { type Score, type ScoredRecord, scoreMany } from './score.js';
export { type Sequence, sequenceOf, type SequenceReading } from './sequences.js';

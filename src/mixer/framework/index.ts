/** Any contribution-based, query-independent mixer, online, on the schedules of the long convolution. */
export type { ContributionMixer, Sequence } from './contract.js';
export { GenericEngine, type Schedule } from './engine.js';
export { recurrent, sequenceOf } from './sequence.js';
export { checkMixer, type CheckOptions, type Counterexample, type Property } from './check.js';
export { drawReal, type Draw } from './draw.js';
export { convolution, type ConvolutionShape } from './mixers/convolution.js';
export { dataDependentConvolution, type InputAndTap } from './mixers/data-dependent.js';
export { maxPlusConvolution } from './mixers/max-plus.js';
export { modalFilter } from './mixers/modal.js';
export { linearRecurrence, selectiveRecurrence, type InputAndDecay } from './mixers/recurrence.js';
export type { Vector } from './mixers/vector.js';
export { fastConvolution } from './fast/convolution.js';
export { fastDataDependentConvolution, type FloatInputAndTap } from './fast/data-dependent.js';
/** @internal */
export { lazyDataDependentBytes, openLazyDataDependent } from './fast/data-dependent-lazy.js';
/** @internal */
export { dataDependentBytes, type DataDependentTiles, openDataDependent } from './fast/data-dependent.js';
export { sequenceOnMixer, type OnlineConvolution } from './on-mixer.js';

/** What commands are made of, as data: help, manual, README, completion and types are made from it. */
export * from './shared.js';
export * from './spec.js';

export const DESCRIPTION =
  'Exact, quasilinear-time text generation for long-convolution (Hyena) language models';

export const EXIT_CODES: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done, also when the reader went away (| head)'],
  [1, 'failed while running; of a batch, at least one item did'],
  [2, 'wrong usage'],
  [3, 'the model or state file is not valid'],
  [4, 'output could not be written'],
  [130, 'interrupted (SIGINT)'],
  [143, 'terminated (SIGTERM)'],
];

export const ENVIRONMENT =
  'Every option has a twin in the environment, which the command line overrides: FLASHINF_TEMP=0 is --temp 0, ' +
  'FLASHINF_JSON=1 is --json, and 0, no, off or false leaves a switch off. NO_COLOR turns colour off.';

import type { Sampling } from '../../../generation/index.js';
import type { Call } from '../../command.js';
import type { GENERATE } from './spec.js';

/** How tokens are drawn, as the command line says it. */
export const samplingOf = (
  options: Pick<
    Call<typeof GENERATE>['options'],
    'repeatPenalty' | 'repeatLastN' | 'topK' | 'topP' | 'minP' | 'temp'
  >,
): Partial<Sampling> => ({
  ...(options.repeatPenalty !== undefined && { repeatPenalty: options.repeatPenalty }),
  repeatLastN: options.repeatLastN,
  topK: options.topK,
  topP: options.topP,
  minP: options.minP,
  temperature: options.temp,
});

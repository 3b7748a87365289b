/** Files nobody vouches for, and files that are there whole or not at all. */
export { abortable } from './abortable.js';
export { Budget, SIZE } from './budget.js';
export { sha256OfText } from './digest.js';
export { BundleError, type BundleProblem } from './errors.js';
export { describe, Fields } from './fields.js';
export { FileBytes, readSmallFile, recognise } from './file.js';
export { isArray, isObject, type Json, type JsonObject, parseJson, readJsonFile, toPlain } from './json.js';
export { addressSpace, checkFree, gibibytes, MemoryError } from './memory.js';
export type { Progress } from './progress.js';
export { isAlive, place, ReplaceError, replaceFile, tryReplacing } from './replace-file.js';

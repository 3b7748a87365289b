/** Files of sequences or texts, from whoever has them: bounded, as they come, told apart by what they hold. */
export { areIds } from './json-lines.js';
export { formatOf, type ReadOptions, readRecords, RECORD_FORMATS, type RecordFormat } from './read.js';
export { RecordError, RecordsError, type TextRecord, whereIs } from './record.js';

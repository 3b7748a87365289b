/** What is wrong with a model file: everything a one-line message needs. */
export interface BundleProblem {
  /** The file at fault, as the user would name it. */
  readonly file: string;
  /** The field, tensor or byte offset at fault; empty when the file as a whole is. */
  readonly field?: string;
  readonly expected: string;
  readonly got: string;
}

/**
 * The one error of model files: bundles, checkpoints, tensors. Whatever a broken or hostile file holds,
 * opening it ends in this class or succeeds. The message is always a single line.
 */
export class BundleError extends Error {
  readonly file: string;
  readonly field: string;
  readonly expected: string;
  readonly got: string;

  constructor(problem: BundleProblem, options?: ErrorOptions) {
    const { file, field = '', expected, got } = problem;
    super(oneLine(`${file}: ${field === '' ? '' : `${field}: `}expected ${expected}, got ${got}`), options);
    this.name = 'BundleError';
    this.file = file;
    this.field = field;
    this.expected = expected;
    this.got = got;
  }
}

/** Longest message: an error quotes what a file holds, and a file may hold anything. */
const LONGEST = 500;

/** Control characters (line breaks, terminal escapes) become spaces, and what is too long is cut. */
function oneLine(text: string): string {
  // eslint-disable-next-line no-control-regex
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean;
}

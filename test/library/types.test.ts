import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { PACKAGE } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

/** A program as a user would write it, strictly typed, of Node's own types and no browser's. */
const CONSUMER = `
import {
  computeActivations, createMixer, DEFAULT_SAMPLING, evaluate, generate, generateMany, load, openState, BundleError,
  type Chunk, type Item, type LanguageModel, type Mixer, type SavedState, type TextOptions, type TextResult,
} from 'flashinf';

export async function main(seed: number | undefined, signal?: AbortSignal): Promise<string> {
  const loaded = await load(undefined, { threads: 2 });
  const model: LanguageModel = loaded.model;
  const options: TextOptions = { count: 5, seed, signal, sampling: { ...DEFAULT_SAMPLING, topK: 1 }, save: 'state' };
  const text = generate(loaded, 'Once', options);
  let out = '';
  for await (const chunk of text) out += (chunk satisfies Chunk).text;
  const result: TextResult = text.result;
  const items: Item[] = [{ prompt: out, logprobs: 2 }, { prompt: result.tokens }];
  for await (const each of generateMany(loaded, items, { lanes: 2, signal })) {
    if (each instanceof Error) throw each;
    out += each.logprobs?.[0]?.logprob.toFixed(2) ?? each.text;
  }
  const from: SavedState = openState('state', model);
  for await (const { token } of generate(loaded, '', { from })) out += String(token);
  from.close();
  const scores: Float64Array = await model.score([1, 2, 3], { signal });
  const { bits_per_byte } = await evaluate(model, loaded.tokenizer, [1, 2, 3], { signal });
  const { hidden } = await computeActivations(model, [1, 2], { stepwise: 'tiled' });
  const mixer: Mixer = await createMixer({ name: 'tiled', shape: { convolutions: 1, width: 4, length: 10 } });
  mixer.push(hidden.subarray(0, 4));
  await mixer.close();
  await model.close();
  return out + scores.length + bits_per_byte;
}
export const isOurs = (error: unknown): boolean => error instanceof BundleError && error.file !== '';
`;

const folder = temporaryDirectory();
mkdirSync(join(folder, 'node_modules'));
symlinkSync(PACKAGE, join(folder, 'node_modules', 'flashinf'));
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
writeFileSync(join(folder, 'consumer.ts'), CONSUMER);

/** Source files are parsed once for all programs. */
const parsed = new Map<string, ts.SourceFile | undefined>();

function compile(more: ts.CompilerOptions): ts.Program {
  const require = createRequire(import.meta.url);
  const options: ts.CompilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    types: ['node'],
    typeRoots: [dirname(dirname(require.resolve('@types/node/package.json')))],
    ...more,
  };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (file, ...rest) => {
    if (!parsed.has(file)) parsed.set(file, read(file, ...rest));
    return parsed.get(file);
  };
  return ts.createProgram([join(folder, 'consumer.ts')], options, host);
}

/** Made once, checked for errors and then read. */
const programs = new Map<ts.CompilerOptions, ts.Program>();

function programOf(options: ts.CompilerOptions): ts.Program {
  const made = programs.get(options) ?? compile(options);
  programs.set(options, made);
  return made;
}

const NODENEXT = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };
const BUNDLER = { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler };

test.each([
  ['nodenext', NODENEXT],
  ['bundler', BUNDLER],
])('a strict program compiles against the package, every declaration checked: %s', (_name, options) => {
  const program = programOf(options);
  const errors = ts.getPreEmitDiagnostics(program).map(({ messageText, file, start }) => {
    const where = file && `${file.fileName}:${file.getLineAndCharacterOfPosition(start ?? 0).line + 1}`;
    return `${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
  expect(errors).toEqual([]);
  // Types of ONNX Runtime's would bring a browser's along.
  const files = program.getSourceFiles().map(({ fileName }) => fileName);
  expect(files.filter((file) => file.includes('onnxruntime'))).toEqual([]);
});

test('everything exported says what it is', () => {
  const program = programOf(NODENEXT);
  const checker = program.getTypeChecker();
  const index = program.getSourceFiles().find(({ fileName }) => fileName.endsWith('/dist/index.d.ts'));
  const names = checker.getExportsOfModule(checker.getSymbolAtLocation(index!)!);
  const silent = names.filter((name) => {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    return ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '';
  });
  expect(silent.map(({ name }) => name)).toEqual([]);
  expect(names.length).toBeGreaterThan(50);
});

/**
 * Compiles the AssemblyScript kernels: those of the mixers to dist/mixer/kernel/, those of dense layers to dist/dense/, both as
 * kernels.wasm, and as kernels-relaxed.wasm, which multiplies and adds in one instruction; those that quantise weights to
 * dist/bundle/rounding.wasm.
 *
 * A module imports its memory (the mixers' is shared, so that worker threads see the same arrays) and owns none of it: no
 * runtime, no static data. One compiled module serves memories of any size.
 */
import { mkdirSync } from 'node:fs';
import asc from 'assemblyscript/asc';
import { Node, NodeKind } from 'assemblyscript';
import { Transform } from 'assemblyscript/transform';

const root = new URL('../..', import.meta.url);
/** Sources by outputs. */
const KERNELS = {
  'dist/mixer/kernel/kernels': 'src/mixer/kernel/assembly/index.ts',
  'dist/dense/kernels': 'src/dense/assembly/index.ts',
};

process.chdir(root.pathname);
for (const folder of ['dist/mixer/kernel', 'dist/dense', 'dist/bundle'])
  mkdirSync(folder, { recursive: true });

/** 64 KiB pages: shared memories must declare a maximum, and 4 GiB is the most there can be. */
const MAXIMUM_PAGES = 65536;

/**
 * AssemblyScript inlines functions decorated with `@inline`, which is no TypeScript: formatters and editors refuse
 * it. So the kernels say it in a comment, `// @inline` on the line before the function, and this adds the decorator.
 */
class InlineComments extends Transform {
  afterParse(parser) {
    for (const source of parser.sources) {
      for (const statement of source.statements) {
        if (statement.kind !== NodeKind.FunctionDeclaration) continue;
        const { range } = statement;
        if (!/\/\/ @inline\s*(export\s*)?$/.test(source.text.slice(0, range.start))) continue;
        const name = Node.createIdentifierExpression('inline', range);
        statement.decorators = [Node.createDecorator(name, null, range)];
      }
    }
  }
}

/** Compiles one module. */
async function compile(source, output, features) {
  const { error, stderr } = await asc.main(
    [
      source,
      '--outFile',
      output,
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--importMemory',
      ...(features.includes('threads') ? ['--sharedMemory'] : []),
      '--initialMemory',
      '1',
      '--maximumMemory',
      String(MAXIMUM_PAGES),
      ...features.flatMap((feature) => ['--enable', feature]),
      // Nothing of ours lives in memory, and address 0 belongs to the caller.
      '--memoryBase',
      '0',
    ],
    { transforms: [new InlineComments()] },
  );
  if (error) throw new Error(`${output}: ${stderr.toString()}\n${error.message}`);
}

for (const [output, source] of Object.entries(KERNELS)) {
  await compile(source, `${output}.wasm`, ['simd', 'threads']);
  await compile(source, `${output}-relaxed.wasm`, ['simd', 'threads', 'relaxed-simd']);
}
await compile('src/bundle/assembly/rounding.ts', 'dist/bundle/rounding.wasm', ['simd']);

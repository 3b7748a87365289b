/** What training programs pickle beside weights. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { code, type Code } from './torch-writer.js';

const { global } = code;
/** The file that one of the objects would make, were its call carried out. */
export const PROOF = join(tmpdir(), `flashinf-run-${process.pid}`);

/** Objects that no reader of weights needs to know. */
export const FOREIGN: Readonly<Record<string, Code>> = {
  'a namespace': code.object('argparse', 'Namespace', code.dict([code.text('lr'), code.int(1)])),
  'a call': code.call(global('os', 'system'), code.text(`touch ${PROOF}`)),
  'a call of a call': code.call(
    code.call(global('builtins', 'getattr'), global('os', 'path'), code.text('join')),
  ),
  'a NumPy scalar': code.call(
    global('numpy._core.multiarray', 'scalar'),
    code.call(global('numpy', 'dtype'), code.text('f8'), code.false, code.true),
    code.raw('C\x08\x00\x00\x00\x00\x00\x00\xe0\x3f'),
  ),
  'a NumPy array': Buffer.concat([
    code.call(
      global('numpy._core.multiarray', '_reconstruct'),
      global('numpy', 'ndarray'),
      code.tuple(code.int(0)),
    ),
    code.tuple(code.int(1), code.tuple(code.int(2)), code.raw('C\x02ab')),
    code.raw('b'),
  ]),
  'an integer of 128 bits': code.long(...Array<number>(16).fill(0xab)),
  'a long integer of four length bytes': code.raw(`\x8b\x2c\x01\x00\x00${'\x7f'.repeat(300)}`),
  'integers as text': code.list(
    code.raw('I42\n'),
    code.raw('I01\n'),
    code.raw(`L${'9'.repeat(400)}L\n`),
    code.raw('F1.5\n'),
  ),
  'a set': code.raw('\x8f(K\x01K\x02\x90'),
  'a set of old': code.call(global('__builtin__', 'set'), code.list(code.int(1))),
  'a frozen set': code.raw('(K\x01\x91'),
  bytes: code.raw('B\x03\x00\x00\x00abc'),
  'a byte array': code.raw('\x96\x03\x00\x00\x00\x00\x00\x00\x00abc'),
  'text that is not UTF-8': code.raw('X\x03\x00\x00\x00\xed\xb3\xbf'),
  'text of Python 2': code.list(code.raw("S'abc'\n"), code.raw('U\x03abc'), code.raw('V\\u00e9\n')),
  'an object of old': code.raw('(K\x01iargparse\nNamespace\n'),
  'an object by its class on the stack': code.raw('(cargparse\nNamespace\nK\x01o'),
  'an object with named arguments': code.raw('cargparse\nNamespace\n)}\x92'),
  'an object of a class by number': code.raw('\x82\x07)\x81'),
  'a class': global('builtins', 'int'),
  'a dictionary of a kind of its own': code.raw('ccollections\nCounter\n)\x81(X\x01\x00\x00\x00aK\x01u'),
  'a list of a kind of its own': code.raw('ccollections\ndeque\n)\x81(K\x01K\x02e'),
  'what leads back to itself': code.raw(']q\xc8(h\xc8K\x01e'),
  'what was put and taken off again': code.raw('K\x01K\x020K\x032\x860'),
  'a size': code.call(global('torch', 'Size'), code.tuple(code.int(3), code.int(4))),
  'a type of tensors': global('torch', 'float16'),
  'a tensor of a kind of its own': code.call(
    global('torch._utils', '_rebuild_sparse_tensor'),
    global('torch', 'sparse_coo'),
    code.tuple(code.int(1)),
  ),
  'a storage of a type of its own': code.storage('QUInt2x4Storage', '0', 3),
  'an id of something else': Buffer.concat([code.tuple(code.text('module'), code.text('x')), code.raw('Q')]),
  'tuples as keys': code.dict([code.tuple(code.int(1)), code.int(1)], [code.tuple(code.int(1)), code.int(2)]),
};

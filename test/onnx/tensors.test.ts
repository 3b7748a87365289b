import { GraphBuilder } from '../../src/onnx/graph.js';
import { layOut, tensorBytes } from '../../src/onnx/tensors.js';

const tensors = [
  { name: 'a', dims: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) },
  { name: 'b', dims: [], data: Float32Array.of(7) },
];

test('tensors start on cache lines, and views inside them', () => {
  const table = layOut('w.bin', tensors, [{ name: 'a.1', of: 'a', start: 3, dims: [3] }]);
  expect(table.bytes).toBe(128);
  expect(table.places.get('a')).toEqual({ dims: [2, 3], offset: 0, bytes: 24 });
  expect(table.places.get('b')).toEqual({ dims: [], offset: 64, bytes: 4 });
  expect(table.places.get('a.1')).toEqual({ dims: [3], offset: 12, bytes: 12 });

  const file = Buffer.concat([...tensorBytes(table, tensors)]);
  expect(file).toHaveLength(128);
  expect(file.readFloatLE(12)).toBe(4);
  expect(file.readFloatLE(64)).toBe(7);
});

test('mistakes are refused', () => {
  expect(() => layOut('w', [{ ...tensors[0], dims: [7] }])).toThrow('6 values do not fill [7]');
  expect(() => layOut('w', [tensors[0], tensors[0]])).toThrow('two tensors');
  expect(() => layOut('w', tensors, [{ name: 'v', of: 'a', start: 4, dims: [3] }])).toThrow('outside a');
  expect(() => layOut('w', tensors, [{ name: 'v', of: 'x', start: 0, dims: [1] }])).toThrow('outside x');
  expect(() => new GraphBuilder('g', layOut('w', tensors)).weight('c')).toThrow('no weight is named c');
});

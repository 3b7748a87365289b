import { Message } from '../../src/onnx/protobuf.js';

const bytes = (message: Message): number[] => [...message.encode()];

test('the examples of the format’s documentation', () => {
  expect(bytes(new Message().int(1, 150))).toEqual([0x08, 0x96, 0x01]);
  expect(bytes(new Message().string(2, 'testing'))).toEqual([0x12, 0x07, ...Buffer.from('testing')]);
  expect(bytes(new Message().message(3, new Message().int(1, 150)))).toEqual([0x1a, 0x03, 0x08, 0x96, 0x01]);
});

test('integers up to 64 bits, negative ones in ten bytes', () => {
  expect(bytes(new Message().int(1, 0))).toEqual([0x08, 0]);
  expect(bytes(new Message().int(1, -1))).toEqual([0x08, ...Array<number>(9).fill(0xff), 0x01]);
  expect(bytes(new Message().int(1, 2n ** 63n - 1n))).toEqual([0x08, ...Array<number>(8).fill(0xff), 0x7f]);
});

test('field numbers past fifteen take two bytes', () => {
  expect(bytes(new Message().int(20, 1))).toEqual([0xa0, 0x01, 1]);
});

test('floats, and text beyond ASCII by its bytes', () => {
  expect(bytes(new Message().float(2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f]);
  expect(bytes(new Message().string(1, 'é'))).toEqual([0x0a, 2, 0xc3, 0xa9]);
});

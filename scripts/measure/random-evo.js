/**
 * Writes a checkpoint of random weights in the shapes, types, names and container of Evo 2's, to measure with what no released
 * file is needed for. It takes 2.2 GB (1b) or 13 GB (7b), and no more memory than one matrix.
 *
 *     node scripts/measure/random-evo.js 1b OUT.pt
 *     node scripts/measure/random-evo.js 7b OUT.pt
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';

const SIZES = {
  '1b': { width: 1920, heads: 15, inner: 5120, groups: 128, layers: 25 },
  '7b': { width: 4096, heads: 32, inner: 11008, groups: 256, layers: 32 },
};
const ATTENTION = [3, 10, 17, 24, 31];
const VOCABULARY = 512;
const MODES = 16;

/** Random values that all tensors are cut from; a prime, so that no two rows of a matrix are alike. */
const POOL = 4_194_301;

const [, , size, out] = process.argv;
const model = SIZES[size];
if (model === undefined || out === undefined)
  throw new Error('usage: node scripts/measure/random-evo.js 1b|7b OUT.pt');

let seed = 1;
function uniform() {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return (seed + 0.5) / 2 ** 32;
}
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
const unit = Float32Array.from({ length: POOL }, normal);

/** The upper halves of float32, to the nearest, ties to even. */
function brain(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
}

const pools = new Map();
function pool(deviation) {
  if (!pools.has(deviation)) pools.set(deviation, brain(unit.map((value) => value * deviation)));
  return pools.get(deviation);
}

let drawn = 0;
/** Of normally distributed values, in bfloat16. */
function noise(shape, deviation) {
  const values = new Uint16Array(shape.reduce((a, b) => a * b, 1));
  const from = pool(deviation);
  drawn = (drawn * 7 + 12_345) % POOL;
  for (let at = 0, start = drawn; at < values.length; start = 0) {
    const part = from.subarray(start, start + values.length - at);
    values.set(part, at);
    at += part.length;
  }
  return { type: 'BFloat16Storage', shape, values };
}
const filled = (shape, make) => Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, make);
const bfloat = (shape, make) => ({ type: 'BFloat16Storage', shape, values: brain(filled(shape, make)) });
const float = (shape, make) => ({ type: 'FloatStorage', shape, values: filled(shape, make) });

function* tensors({ width, heads, inner, groups, layers }) {
  const half = width / heads / 2;
  yield ['embedding_layer.weight', noise([VOCABULARY, width], 0.5)];
  yield ['norm.scale', bfloat([width], () => 1)];
  for (let l = 0, hyena = 0; l < layers; l++) {
    const block = `blocks.${l}.`;
    yield [`${block}pre_norm.scale`, bfloat([width], () => 1)];
    yield [`${block}post_norm.scale`, bfloat([width], () => 1)];
    yield [`${block}mlp.l1.weight`, noise([inner, width], width ** -0.5)];
    yield [`${block}mlp.l2.weight`, noise([inner, width], width ** -0.5)];
    yield [`${block}mlp.l3.weight`, noise([width, inner], 0.3 * inner ** -0.5)];
    if (ATTENTION.includes(l)) {
      const attention = `${block}inner_mha_cls.`;
      yield [`${attention}Wqkv.weight`, noise([3 * width, width], width ** -0.5)];
      yield [`${attention}out_proj.weight`, noise([width, width], 0.3 * width ** -0.5)];
      yield [`${attention}out_proj.bias`, noise([width], 0.02)];
      const frequencies = bfloat([half], (_, j) => 10_000 ** (-j / half)).values;
      const words = Uint32Array.from(frequencies, (word) => word << 16);
      const values = new Float32Array(words.buffer);
      yield [`${attention}rotary_emb.inv_freq`, { type: 'FloatStorage', shape: [half], values }];
      continue;
    }
    const filter = `${block}filter.`;
    yield [`${block}projections.weight`, noise([3 * width, width], width ** -0.5)];
    yield [`${block}out_filter_dense.weight`, noise([width, width], 0.3 * width ** -0.5)];
    yield [`${block}out_filter_dense.bias`, noise([width], 0.02)];
    yield [`${filter}short_filter_weight`, noise([3 * width, 1, 3], 0.5)];
    const kind = hyena++ % 3;
    if (kind === 0) yield [`${filter}h`, noise([groups, 1, 7], 0.4)];
    if (kind === 1) yield [`${filter}h`, noise([groups, 1, 128], 0.1)];
    if (kind === 2) {
      yield [`${filter}log_poles`, float([width, MODES, 1], () => -Math.exp(8 * uniform() - 8))];
      yield [`${filter}residues`, float([width, MODES], () => 0.1 * normal())];
    }
    if (kind > 0) yield [`${filter}D`, noise([width], 0.3)];
  }
}

/* A pickle of protocol 2, of what PyTorch's pickler says of tensors. */
const bytes = (...values) => Buffer.from(values);
const u32 = (value) => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word;
};
const text = (value) => Buffer.concat([bytes(0x58), u32(Buffer.byteLength(value)), Buffer.from(value)]);
const int = (value) => Buffer.concat([bytes(0x4a), u32(value)]);
const global = (module, name) => Buffer.from(`c${module}\n${name}\n`);
const tuple = (...items) => Buffer.concat([bytes(0x28), ...items, bytes(0x74)]);
const call = (callee, ...args) => Buffer.concat([callee, tuple(...args), bytes(0x52)]);
function described(name, key, { type, shape, values }) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const storage = tuple(text('storage'), global('torch', type), text(key), text('cpu'), int(values.length));
  const tensor = call(
    global('torch._utils', '_rebuild_tensor_v2'),
    Buffer.concat([storage, bytes(0x51)]),
    int(0),
    tuple(...shape.map(int)),
    tuple(...strides.map(int)),
    bytes(0x89),
    call(global('collections', 'OrderedDict')),
  );
  return Buffer.concat([text(name), tensor]);
}

/* A zip archive, nothing compressed, data at multiples of 64 bytes, its end in 64 bits. */
const descriptor = openSync(out, 'w');
const directory = [];
let end = 0;
function entry(name, content) {
  const path = Buffer.from(`random/${name}`);
  const padding = (64 - ((end + 30 + path.length + 4) % 64)) % 64;
  const local = Buffer.alloc(30 + path.length + 4 + padding);
  const sum = crc32(content);
  local.writeUInt32LE(0x04034b50);
  local.writeUInt32LE(sum, 14);
  local.writeUInt32LE(content.length, 18);
  local.writeUInt32LE(content.length, 22);
  local.writeUInt16LE(path.length, 26);
  local.writeUInt16LE(4 + padding, 28);
  path.copy(local, 30);
  local.write('FB', 30 + path.length);
  local.writeUInt16LE(padding, 32 + path.length);
  const central = Buffer.alloc(46 + path.length + 12);
  central.writeUInt32LE(0x02014b50);
  central.writeUInt32LE(sum, 16);
  central.writeUInt32LE(content.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(path.length, 28);
  central.writeUInt16LE(12, 30);
  central.writeUInt32LE(0xffffffff, 42);
  path.copy(central, 46);
  central.writeUInt16LE(1, 46 + path.length);
  central.writeUInt16LE(8, 48 + path.length);
  central.writeBigUInt64LE(BigInt(end), 50 + path.length);
  directory.push(central);
  for (const part of [local, content]) {
    for (let at = 0; at < part.length;) at += writeSync(descriptor, part, at, part.length - at, end + at);
    end += part.length;
  }
}

const items = [];
let parameters = 0;
for (const [name, tensor] of tensors(model)) {
  const { buffer, byteOffset, byteLength } = tensor.values;
  const key = String(items.length);
  entry(`data/${key}`, Buffer.from(buffer, byteOffset, byteLength));
  items.push(described(name, key, tensor));
  if (!name.endsWith('inv_freq')) parameters += tensor.values.length;
}
entry('data.pkl', Buffer.concat([bytes(0x80, 2, 0x7d, 0x28), ...items, bytes(0x75, 0x2e)]));
entry('byteorder', Buffer.from('little'));
const central = Buffer.concat(directory);
const tail = Buffer.alloc(56 + 20 + 22);
tail.writeUInt32LE(0x06064b50);
tail.writeBigUInt64LE(44n, 4);
[directory.length, directory.length, central.length, end].forEach((value, i) =>
  tail.writeBigUInt64LE(BigInt(value), 24 + 8 * i),
);
tail.writeUInt32LE(0x07064b50, 56);
tail.writeBigUInt64LE(BigInt(end + central.length), 64);
tail.writeUInt32LE(1, 72);
tail.writeUInt32LE(0x06054b50, 76);
tail.writeUInt16LE(0xffff, 84);
tail.writeUInt16LE(0xffff, 86);
tail.writeUInt32LE(0xffffffff, 88);
tail.writeUInt32LE(0xffffffff, 92);
writeSync(descriptor, Buffer.concat([central, tail]), 0, central.length + tail.length, end);
closeSync(descriptor);
console.log(`${out}: ${parameters} parameters, ${end + central.length + tail.length} bytes`);

/** Quantised weights: what is stored, what it stands for, and bundles of it that are not as they should be. */
import { createHash } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify } from '../../src/bundle/config.js';
import { dequantise, outputsOf, packingOf, quantise } from '../../src/bundle/quantised.js';
import { quantiseBundle, type QuantisedTensor } from '../../src/bundle/write.js';
import { openBundle, type BundleConfig } from '../../src/bundle/index.js';
import { BundleError } from '../../src/format/index.js';
import { randomNumbers } from '../support/random.js';
import { relL2, removeTemporary, temporaryDirectory, tinyBundle } from '../support/tiny-model.js';

afterAll(removeTemporary);

function noise(count: number): Float32Array {
  const random = randomNumbers(3);
  return Float32Array.from({ length: count }, () => random() + random() - 1);
}

describe.each([8, 4] as const)('%i bits', (bits) => {
  const [inputs, outputs] = [96, 5];
  const dims = [inputs, outputs];
  const name = 'layers.0.fc1.weight';
  const values = noise(inputs * outputs);

  test('blocks run along the inputs, each number is the nearest to its value', async () => {
    const packing = packingOf(name, dims, bits)!;
    expect(packing).toEqual({ bits, block: 32 });
    const { bytes, scales, error } = await quantise(
      outputsOf(name, dims, () => values),
      packing,
    );
    expect([bytes.length, scales.length]).toEqual([(inputs * outputs * bits) / 8, (inputs * outputs) / 32]);
    const most = bits === 8 ? 127 : 7;
    const got = new Float32Array(values.length);
    for (let output = 0; output < outputs; output++) {
      for (let input = 0; input < inputs; input++) {
        const scale = scales[output * 3 + Math.floor(input / 32)];
        const at = output * inputs + input;
        // The first of two in a byte is its lower half.
        const q = bits === 8 ? bytes[at] - 128 : (Math.floor(bytes[at >> 1] / 16 ** (at % 2)) % 16) - 8;
        const value = values[input * outputs + output];
        got[input * outputs + output] = q * scale;
        if (Math.abs(value / scale) <= most)
          expect(Math.abs(q * scale - value)).toBeLessThanOrEqual(
            Math.abs(scale) * (bits === 8 ? 0.5001 : 0.6),
          );
      }
    }
    const stored = { dims: [outputs, 3, (32 * bits) / 8], packing };
    expect(dequantise(name, stored, bytes, scales)).toEqual(got);
    expect(error).toBeCloseTo(relL2(got, values), 6);
  });

  test('a block of zeros stays one, and what no block divides stays float32', async () => {
    const zeros = await quantise(new Float32Array(32), { bits, block: 32 });
    expect(zeros.scales).toEqual(Float32Array.of(0));
    expect(
      dequantise(
        name,
        { dims: [1, 1, 32 * (bits / 8)], packing: { bits, block: 32 } },
        zeros.bytes,
        zeros.scales,
      ),
    ).toEqual(new Float32Array(32));
    expect(packingOf(name, [48, 64], bits)).toBeUndefined();
    expect(packingOf('head', [48, 64], bits)).toEqual({ bits, block: bits === 8 ? 64 : 32 });
    expect(packingOf('embeddings', [48, 64], bits)).toEqual({ bits: 8, block: 64 });
    expect(packingOf('rho0', [64, 64], bits)).toBeUndefined();
  });
});

test('4 bits are nearer than with scales by the largest magnitude', async () => {
  const values = noise(64 * 32);
  const { error } = await quantise(values, { bits: 4, block: 32 });
  const plain = values.slice();
  for (let b = 0; b < plain.length; b += 32) {
    const block = plain.subarray(b, b + 32);
    const scale = Math.max(...block.map(Math.abs)) / 7;
    block.forEach((value, i) => (block[i] = Math.round(value / scale) * scale));
  }
  expect(error).toBeLessThan(0.97 * relL2(plain, values));
});

describe('a quantised bundle', () => {
  let float32: string;
  let good: string;
  const tensors: QuantisedTensor[] = [];
  beforeAll(async () => {
    float32 = await tinyBundle('log');
    good = join(temporaryDirectory(), 'bundle');
    await quantiseBundle(float32, good, { bits: 8, onQuantised: (tensor) => tensors.push(tensor) });
  });

  test('holds what its bits stand for, and says how far that is from what it was made of', () => {
    const [before, after] = [openBundle(float32), openBundle(good)];
    expect(after.config.weights).toEqual({ bits: 8 });
    expect(after.config.provenance['quantised_from']).toBe(before.id);
    expect(after.weights.size).toBeLessThan(0.6 * before.weights.size);
    const packed = tensors.flatMap(({ name, packing }) => (packing === undefined ? [] : [name]));
    expect(packed.sort()).toEqual(
      [...after.weights.tensors].flatMap(([name, { dtype }]) => (dtype === 'U8' ? [name] : [])).sort(),
    );
    for (const name of before.weights.tensors.keys()) {
      const [was, is] = [before.weights.values(name), after.weights.values(name)];
      const quantised = tensors.find((tensor) => tensor.name === name);
      if (quantised?.packing === undefined) expect(is).toEqual(was);
      else expect(relL2(is, was)).toBeCloseTo(quantised.error, 6);
    }
    for (const bundle of [before, after]) bundle.close();
  });

  test('is not quantised again', async () => {
    const target = join(temporaryDirectory(), 'bundle');
    await expect(quantiseBundle(good, target, { bits: 4 })).rejects.toThrow(
      /config\.json: weights: expected none but float32, got 8 bits/,
    );
  });

  /** A copy whose header and config are edited, all hashes made anew. */
  function sealed(
    edit: (header: Record<string, { dtype: string; shape: number[] }>, config: { weights?: unknown }) => void,
  ): string {
    const directory = join(temporaryDirectory(), 'bundle');
    cpSync(good, directory, { recursive: true });
    const [weightsFile, configFile] = ['weights.safetensors', 'config.json'].map((file) =>
      join(directory, file),
    );
    const bytes = readFileSync(weightsFile);
    const size = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Parameters<typeof edit>[0];
    const config = JSON.parse(readFileSync(configFile, 'utf8')) as BundleConfig & { id: string };
    edit(header, config);
    bytes.write(JSON.stringify(header).padEnd(size), 8);
    writeFileSync(weightsFile, bytes);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    Object.assign(config.files['weights.safetensors'], { sha256 });
    config.id = identify(config);
    writeFileSync(configFile, JSON.stringify(config));
    return directory;
  }

  test('as it was, it opens', () => {
    const bundle = openBundle(sealed(() => undefined));
    expect(bundle.id).toBe(openBundle(good).id);
    bundle.close();
  });

  test.each<[string, Parameters<typeof sealed>[0], RegExp]>([
    [
      'bytes where none are announced',
      (_, config) => delete config.weights,
      /expected values of type F32, got U8/,
    ],
    [
      'bits of another width',
      (_, config) => (config.weights = { bits: 4 }),
      /in_proj\.weight: expected a tensor of type U8 \[96, 1, 16\], got one of type U8 \[96, 1, 32\]/,
    ],
    [
      'no width that there is',
      (_, config) => (config.weights = { bits: 2 }),
      /config\.json: weights\.bits: expected 8 or 4, got 2/,
    ],
    ['another field', (_, config) => (config.weights = { bits: 8, block: 64 }), /weights/],
    ['a list', (_, config) => (config.weights = [8]), /weights: expected an object/],
    [
      'other blocks',
      (header) => header['layers.0.fc1.weight'].shape.reverse(),
      /layers\.0\.fc1\.weight: expected a tensor of type U8/,
    ],
    [
      'no blocks',
      (header) => (header['embeddings'].shape = [40 * 32]),
      /embeddings: expected a tensor of type U8/,
    ],
    [
      'an empty shape',
      (header) => Object.assign(header, { none: { dtype: 'U8', shape: [0], data_offsets: [0, 0] } }),
      /expected/,
    ],
    [
      'other scales',
      (header) => header['embeddings.scales'].shape.reverse(),
      /embeddings\.scales: expected a tensor \[40, 1\]/,
    ],
    [
      'signed bytes',
      (header) => (header['embeddings'].dtype = 'I8'),
      /embeddings: expected values of type F32 or U8, got I8/,
    ],
  ])('%s is refused', (_, edit, message) => {
    const open = (): unknown => openBundle(sealed(edit));
    expect(open).toThrow(BundleError);
    expect(open).toThrow(message);
  });

  test('a scale that is no number is refused', () => {
    const directory = sealed((header) => {
      const [scales, other] = [header['embeddings.scales'], header['layers.0.fc1.bias']];
      expect([scales, other].map(({ dtype }) => dtype)).toEqual(['F32', 'F32']);
    });
    const file = join(directory, 'weights.safetensors');
    const bytes = readFileSync(file);
    const size = Number(bytes.readBigUInt64LE());
    const header = JSON.parse(bytes.subarray(8, 8 + size).toString()) as Record<
      string,
      { data_offsets: number[] }
    >;
    bytes.writeFloatLE(Infinity, 8 + size + header['embeddings.scales'].data_offsets[0]);
    writeFileSync(file, bytes);
    const config = JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8')) as BundleConfig & {
      id: string;
    };
    Object.assign(config.files['weights.safetensors'], {
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
    config.id = identify(config);
    writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
    expect(() => openBundle(directory)).toThrow(/embeddings\.scales: expected finite numbers, got Infinity/);
  });
});

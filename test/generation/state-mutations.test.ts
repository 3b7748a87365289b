/** Forged states by the hundred: their digest fits what they hold. Each is gone on from, or ends in a BundleError. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, type Loaded } from '../../src/generation/load.js';
import { openState } from '../../src/generation/state-file.js';
import { generate } from '../../src/generation/text.js';
import { BundleError } from '../../src/format/index.js';
import { choices, ODD_VALUES } from '../support/fuzz.js';
import { byteModel } from '../support/models.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

const START = 'flashinf state\n'.length + 8;
const DIGEST = 32;
/** A long run takes more of them, of another seed: `scripts/fuzz/states.js`. */
const ROUNDS = Number(process.env['FLASHINF_FUZZ_ROUNDS'] ?? 300);
const SEED = Number(process.env['FLASHINF_FUZZ_SEED'] ?? 1);

let loaded: Loaded;
beforeAll(async () => {
  loaded = await load(await byteModel());
});
afterAll(async () => {
  await loaded.model.close();
  removeTemporary();
});

const { below, oneOf } = choices(SEED);

type Container = Record<string, unknown>;

/** Every place in a JSON value where something can be changed. */
function placesIn(value: unknown): { of: Container; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [{ of: value as Container, key }, ...placesIn(item)]);
}

function mutateHeader(text: string): string {
  const header = JSON.parse(text) as Container;
  for (let changes = 1 + below(2); changes > 0; changes--) {
    const { of, key } = oneOf(placesIn(header).filter(({ of, key }) => key in of));
    const value = of[key];
    switch (below(6)) {
      case 0:
        Reflect.deleteProperty(of, key);
        break;
      case 1:
        if (typeof value === 'number') of[key] = value + oneOf([-1, 1, 0.5]);
        else if (Array.isArray(value)) of[key] = [...(value as unknown[]), ...(value as unknown[]).slice(-1)];
        break;
      case 2:
        if (typeof value === 'number') of[key] = value * oneOf([2, 0.5, -1]);
        else if (Array.isArray(value)) of[key] = value.slice(1);
        break;
      case 3:
        of[key] = oneOf(placesIn(header).map(({ of, key }) => of[key]));
        if (JSON.stringify(header) === undefined) of[key] = null;
        break;
      default:
        of[key] = oneOf(ODD_VALUES);
    }
  }
  return JSON.stringify(header);
}

/** The state with one thing changed, and the digest of what that makes. */
function mutate(state: Buffer): Buffer {
  const end = START + state.readUInt32LE(START - 4);
  let parts: readonly Uint8Array[] = [
    state.subarray(0, START),
    state.subarray(START, end),
    state.subarray(end, -DIGEST),
  ];
  const [prefix, header, content] = parts.map((part) => Buffer.from(part));
  switch (below(8)) {
    case 0:
      content[below(content.length)] = below(256);
      parts = [prefix, header, content];
      break;
    case 1:
      parts = [prefix, header, content.subarray(0, below(content.length))];
      break;
    case 2:
      prefix[below(prefix.length)] = below(256);
      parts = [prefix, header, content];
      break;
    default: {
      let text: Buffer;
      try {
        text = Buffer.from(mutateHeader(header.toString()));
      } catch {
        // A value put into itself.
        text = header;
      }
      prefix.writeUInt32LE(text.length, START - 4);
      parts = [prefix, text, content];
    }
  }
  const bytes = Buffer.concat(parts);
  return Buffer.concat([bytes, createHash('sha256').update(bytes).digest()]);
}

test(`${ROUNDS} forged states`, async () => {
  const folder = temporaryDirectory();
  const states: Buffer[] = [];
  for (const [k, mixer] of (['tiled', 'tiled', 'lazy', 'eager'] as const).entries()) {
    const file = join(folder, `state-${k}`);
    const options = { count: 20 + 60 * k, room: 100 + 400 * k, seed: 1, stop: ['never'], save: file, mixer };
    for await (const { token } of generate(loaded, 'once', options)) expect(token).not.toBe(-1);
    states.push(readFileSync(file));
  }
  const file = join(folder, 'forged');
  let refused = 0;
  for (let round = 0; round < ROUNDS; round++) {
    writeFileSync(file, mutate(oneOf(states)));
    try {
      const from = openState(file, loaded.model);
      const count = Math.min(2, from.point.mixer.shape.length - from.point.mixer.position);
      const text = generate(loaded, '', { from, count });
      for await (const { token } of text) expect(token === null || (token >= 0 && token < 256)).toBe(true);
      from.close();
    } catch (error) {
      if (!(error instanceof BundleError)) {
        throw new Error(`round ${round}: ${(error as Error).message}`, { cause: error });
      }
      expect(error.message).not.toContain('\n');
      refused++;
    }
  }
  // Most changes are seen; the others are other values that are as good.
  expect(refused).toBeGreaterThan(ROUNDS / 2);
  expect(refused).toBeLessThan(ROUNDS);
}, 3_600_000);

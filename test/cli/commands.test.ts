import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flashinf } from '../support/run.js';

const scratch = mkdtempSync(join(tmpdir(), 'flashinf-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const TEXT = `The Mole had been working very hard all the morning, spring-cleaning his little home. First with
brooms, then with dusters; then on ladders and steps and chairs, with a brush and a pail of whitewash.\n`.repeat(
  3,
);

interface Evaluation {
  bits_per_byte: number;
  tokens: number;
  bytes: number;
  stretches: number;
  buckets: { from: number; to: number; tokens: number; bytes: number; bits_per_byte: number }[];
}

describe('eval', () => {
  const file = join(scratch, 'text.txt');
  beforeAll(() => writeFileSync(file, TEXT));

  const evaluate = async (...args: string[]): Promise<Evaluation> => {
    const { code, stdout, stderr } = await flashinf(['eval', file, '--json', ...args]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(stdout.toString()) as Evaluation;
  };

  test('counts every token and byte once, and its buckets add up', async () => {
    const whole = await evaluate();
    expect(whole.bytes).toBe(Buffer.byteLength(TEXT));
    expect(whole.stretches).toBe(1);
    const sum = (of: (b: Evaluation['buckets'][0]) => number): number =>
      whole.buckets.reduce((s, b) => s + of(b), 0);
    expect(sum((b) => b.tokens)).toBe(whole.tokens);
    expect(sum((b) => b.bytes)).toBe(whole.bytes);
    expect(sum((b) => b.bits_per_byte * b.bytes) / whole.bytes).toBeCloseTo(whole.bits_per_byte, 9);
    whole.buckets.forEach((b, k) => expect([b.from, b.to]).toEqual([2 ** k, 2 ** (k + 1) - 1]));
    // English that repeats: far below the 8 bits of noise, and not nothing.
    expect(whole.bits_per_byte).toBeGreaterThan(0.3);
    expect(whole.bits_per_byte).toBeLessThan(3);
  });

  test('a text longer than --length is scored in stretches, every token once', async () => {
    const whole = await evaluate();
    const parts = await evaluate('--length', '33');
    expect(parts.bytes).toBe(whole.bytes);
    expect(parts.tokens).toBe(whole.tokens);
    expect(parts.stretches).toBe(Math.ceil(whole.tokens / 32));
    expect(parts.buckets.at(-1)!.to).toBe(63);
    expect(parts.bits_per_byte).toBeGreaterThan(whole.bits_per_byte);
  });

  test('--stretches wrap around: all of one length', async () => {
    const whole = await evaluate();
    const wrapped = await evaluate('--stretches', '3');
    expect(wrapped.stretches).toBe(3);
    expect(wrapped.tokens).toBe(3 * whole.tokens);
    expect(wrapped.bytes).toBe(3 * whole.bytes);
  });

  test('reads stdin, and prints a table without --json', async () => {
    const { code, stdout, stderr } = await flashinf(['eval', '-'], { input: TEXT });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.toString()).toMatch(/^\| position +\| +tokens \|/);
    expect(stdout.toString()).toMatch(new RegExp(`\\| all +\\| +\\d+ \\| +${Buffer.byteLength(TEXT)} \\|`));
  });
});

describe('inspect', () => {
  test('says what the bundle holds and what a length takes', async () => {
    const { code, stdout, stderr } = await flashinf(['inspect', '--json', '--len', '1000']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const facts = JSON.parse(stdout.toString()) as {
      model: { context: number };
      bytes: number;
      generation: {
        length: number;
        mixer_bytes: number;
        levels: { kind: string; side: number; fanOut?: number }[];
      };
    };
    expect(facts.model.context).toBeGreaterThanOrEqual(131072);
    expect(facts.bytes).toBeLessThan(30e6);
    expect(facts.generation.length).toBe(1000);
    // Each level's blocks are the next one's children; of delayed ones, tiles come as much later as the smaller ones are long.
    let [block, delay] = [1, 0];
    for (const { kind, side, fanOut = kind === 'delayed' ? 4 : 2 } of facts.generation.levels) {
      expect(side).toBe(block);
      block *= fanOut;
      if (kind === 'delayed') delay += side;
    }
    expect(block + delay).toBeGreaterThanOrEqual(1000);
  });

  test('memory grows with the length', async () => {
    const bytes = async (length: string): Promise<number> => {
      const { stdout } = await flashinf(['inspect', '--json', '--len', length]);
      return (JSON.parse(stdout.toString()) as { generation: { mixer_bytes: number } }).generation
        .mixer_bytes;
    };
    expect(await bytes('131072')).toBeGreaterThan(50 * (await bytes('1024')));
  });

  test('prints for people too', async () => {
    const { stdout } = await flashinf(['inspect']);
    expect(stdout.toString()).toMatch(/weights\.safetensors[^]*filter\.last .*\d x 64 x 256/);
  });
});

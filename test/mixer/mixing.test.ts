import { measureMixing } from '../../src/bench/mixing.js';
import { flatPlan } from '../../src/mixer/index.js';

test('mixers are measured over the whole length, sampled or in full', async () => {
  const shape = { convolutions: 2, width: 20, length: 700 };
  for (const full of [false, true]) {
    const progress: number[] = [];
    const result = await measureMixing({
      ...shape,
      full,
      samples: 8,
      contenders: [
        { label: 'tiled', mixer: 'tiled' },
        { label: 'lazy', mixer: 'lazy' },
        { label: 'eager', mixer: 'eager' },
        { label: 'together', mixer: 'tiled', plan: flatPlan(700), threads: 2, lanes: 3 },
      ],
      onProgress: (done) => progress.push(done),
    });
    expect(result).toMatchObject(shape);
    expect(result.timings.map(({ label, estimated }) => [label, estimated])).toEqual([
      ['tiled', false],
      ['lazy', !full],
      ['eager', !full],
      ['together', false],
    ]);
    expect(result.agreement.positions).toBe(full ? 700 : 24);
    expect(result.agreement.worst).toBeGreaterThan(0);
    expect(result.agreement.worst).toBeLessThanOrEqual(result.agreement.bound);
    for (const { totalMs, tokens, curve, bytes } of result.timings) {
      expect(bytes).toBeGreaterThan(0);
      expect(totalMs).toBeGreaterThan(0);
      expect(tokens.p50).toBeLessThanOrEqual(tokens.p90);
      expect(tokens.p99).toBeLessThanOrEqual(tokens.max);
      expect(curve[curve.length - 1]).toEqual({ position: 700, ms: totalMs });
      for (let k = 1; k < curve.length; k++) {
        expect(curve[k].position).toBeGreaterThan(curve[k - 1].position);
        expect(curve[k].ms).toBeGreaterThanOrEqual(curve[k - 1].ms);
      }
    }
    expect(progress[progress.length - 1]).toBe(1);
  }
});

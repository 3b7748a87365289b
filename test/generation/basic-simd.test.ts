import { load } from '../../src/generation/load.js';
import { generate } from '../../src/generation/text.js';
import { mixerModules } from '../../src/mixer/kernel/wasm.js';

// Modules are this file's own: which kernels it takes is nobody else's matter.
test('without relaxed SIMD, a text is the same: in steps, filled in and offline, on one thread and two', async () => {
  const { model, tokenizer } = await load('models/hyena-classics');
  const prompt = tokenizer.encode('The old house stood at the end of the lane, and '.repeat(12));
  const relaxed = mixerModules.compileRelaxed();
  const texts = async (): Promise<unknown[]> => {
    const tokens: unknown[] = [];
    for (const { length, count, threads } of [
      { length: 5, count: 300, threads: 1 },
      { length: 100, count: 200, threads: 2 },
      { length: prompt.length, count: 50, threads: 1 },
    ]) {
      const options = { count, threads, sampling: { temperature: 0 } };
      const text = generate({ model, tokenizer }, prompt.slice(0, length), options);
      for await (const { bytes } of text) expect(bytes).toBeDefined();
      tokens.push(text.result.tokens);
    }
    return tokens;
  };
  mixerModules.adopt(mixerModules.basic);
  const basic = await texts();
  expect(basic.map((tokens) => (tokens as number[]).length)).toEqual([300, 200, 50]);
  if (relaxed !== undefined) {
    mixerModules.adopt(relaxed);
    expect(await texts()).toEqual(basic);
  }
  await model.close();
});

// After how many tokens do the texts of two mixers part, drawn with the same seeds? Their sums differ in the last bits, and where
// activations are rounded (weights of 8 or 4 bits) that can come to more:
//
//   node scripts/measure/texts-by-mixer.js [-m BUNDLE] [--tokens 250]
import { parseArgs } from 'node:util';
import { generate, load } from '../../dist/index.js';

const { values: options } = parseArgs({
  options: { model: { type: 'string', short: 'm' }, tokens: { type: 'string', default: '250' } },
});
const count = Number(options.tokens);
const PROMPTS = ['Once upon a time', 'The sea', 'Call me', 'In the garden', 'It was', 'The king'];

const loaded = await load(options.model);
async function tokensOf(mixer, prompt, seed) {
  const text = generate(loaded, prompt, { count, seed, mixer, ignoreEos: true });
  const ids = [];
  for await (const { token } of text) ids.push(token);
  return ids;
}

let same = 0;
for (const prompt of PROMPTS) {
  for (const seed of [1, 2]) {
    const [tiled, lazy] = [await tokensOf('tiled', prompt, seed), await tokensOf('lazy', prompt, seed)];
    const parted = tiled.findIndex((id, t) => id !== lazy[t]);
    if (parted < 0) same++;
    console.log(`${prompt}, seed ${seed}: ${parted < 0 ? 'the same' : `the same for ${parted} tokens`}`);
  }
}
console.log(`${same} of ${PROMPTS.length * 2} texts of ${count} tokens are the same, tiled and lazy`);
await loaded.model.close();

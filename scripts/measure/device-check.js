// Holds one device against another: the same tokens through the same bundle on both, logits compared, speed
// side by side.
//
//   node scripts/measure/device-check.js [BUNDLE] [REFERENCE=cpu] [DEVICE=cuda] [TOKENS=1024]
import { createMixer, load } from '../../dist/index.js';

const [bundle = 'models/hyena-classics', reference = 'cpu', device = 'cuda', tokens = '1024'] =
  process.argv.slice(2);
const count = Number(tokens);

/** Feeds `count` fixed tokens one by one. Returns all logits and the tokens per second. */
async function feed(name) {
  const { model, tokenizer } = await load(bundle, { device: name });
  const { width } = model.config.model;
  const mixer = await createMixer({
    name: 'tiled',
    shape: { convolutions: model.convolutions, width, length: count },
  });
  for (let layer = 0; layer < model.convolutions; layer++)
    mixer.setFilter(layer, await model.taps(layer, count));
  const state = model.start();
  const logits = [];
  const began = performance.now();
  for (let t = 0; t < count; t++) {
    mixer.pending(state.pending);
    const result = await model.step(state, (t * 7919) % tokenizer.size);
    mixer.push(result.y);
    logits.push(result.logits.slice());
  }
  const seconds = (performance.now() - began) / 1000;
  await mixer.close();
  await model.close();
  return { logits, speed: count / seconds, device: model.device };
}

const a = await feed(reference);
const b = await feed(device);
let error = 0;
let norm = 0;
a.logits.forEach((row, t) =>
  row.forEach((value, v) => {
    error += (b.logits[t][v] - value) ** 2;
    norm += value ** 2;
  }),
);
console.log(
  JSON.stringify({
    tokens: count,
    [`${a.device}_tokens_per_second`]: Math.round(a.speed),
    [`${b.device}_tokens_per_second`]: Math.round(b.speed),
    relative_l2_difference: Math.sqrt(error / norm),
  }),
);

// A text from the shipped model, as it is generated: node examples/generate.js
import { generate, load } from 'flashinf';

const loaded = await load(); // the shipped model, or load('my-model')
const text = generate(loaded, 'Once upon a time', { count: 100, seed: 1 });
for await (const chunk of text) process.stdout.write(chunk.text);
console.error(text.result.stopType, text.result.timings.predicted);
await loaded.model.close();

// A mixer in a model of one's own, here a single convolution: node examples/mixer.js
import { createMixer } from 'flashinf';

const [length, width] = [1000, 4];
const taps = Float32Array.from({ length: length * width }, (_, i) => 1 / (1 + Math.floor(i / width)));
const mixer = await createMixer({ name: 'tiled', shape: { convolutions: 1, width, length } });
mixer.setFilter(0, taps); // [time, channel]
let y = new Float32Array(width).fill(1);
for (let t = 0; t < length; t++) {
  const z = new Float32Array(width);
  mixer.pending(z); // the sum over the past; the present is the caller's: y[t] * taps[0]
  mixer.push(y);
  y = z.map((past, c) => Math.tanh(past + y[c] * taps[c]));
}
console.log(y);
await mixer.close();

/**
 * Recurrence or tiled convolution? From how many modes on, and which length, a modal filter is cheaper as a convolution, in time
 * and memory; and how far the filters of a bundle are from sums of n exponentials. From the project's root, after
 * `npm run build`:
 *
 *     node scripts/measure/modes.js [--bundle DIR] [--text FILE] [--rows 4096] [--channels N] [--only costs|errors]
 *
 * Modes are fitted greedily: of a grid of poles, each next one is the one that the rest of the filter has most of, and the residues
 * of all are those of least squares. Poles off the grid would do somewhat better: errors are upper bounds. With --text, the
 * text's bits per byte under the fitted filters too (all channels; texts of at most `rows` tokens at a time).
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createMixer, evaluate, load, planFor, SHIPPED_MODEL } from '../../dist/index.js';

const { values } = parseArgs({
  options: {
    bundle: { type: 'string' },
    text: { type: 'string' },
    rows: { type: 'string', default: '4096' },
    channels: { type: 'string', default: 'all' },
    only: { type: 'string' },
  },
});
const rows = Number(values.rows);
const COUNTS = [4, 8, 16, 32, 64];

/** Time and memory of a recurrence by modes, and the convolution they compete with, by length. */
async function costs() {
  const width = 256;
  /** ns per token and channel, and bytes per channel. */
  const measure = async (length, filter, plan, set) => {
    const shape = { convolutions: 1, width, length, ...(filter && { filter }) };
    const mixer = await createMixer({ name: 'tiled', shape, plan });
    set(mixer);
    const [y, z] = [new Float32Array(width).fill(0.1), new Float32Array(width)];
    let best = Infinity;
    for (let run = 0; run < 5; run++) {
      mixer.reset();
      const begin = performance.now();
      for (let t = 0; t < length; t++) {
        mixer.pending(z);
        mixer.push(y);
      }
      best = Math.min(best, ((performance.now() - begin) * 1e6) / (length * width));
    }
    await mixer.close();
    return { ns: best, bytes: Math.round(mixer.bytes / width) };
  };
  const tiled = [];
  // The first one warms up.
  await measure(1024, undefined, planFor(1024), () => undefined);
  for (let length = 1024; length <= 1 << 17; length *= 2) {
    const taps = new Float32Array(length * width).fill(1e-3);
    const cost = await measure(length, undefined, planFor(length), (mixer) => mixer.setFilter(0, taps));
    tiled.push({ length, ...cost });
    console.log(`tiled convolution of ${length} positions: ${show(cost)}`);
  }
  for (const complex of [false, true]) {
    for (const modes of COUNTS) {
      const part = (value) => new Float32Array(modes * width).fill(value);
      const numbers = (value) => ({ re: part(value), ...(complex && { im: part(value / 2) }) });
      const levels = [
        { kind: 'direct', side: 1, fanOut: 8 },
        { kind: 'direct', side: 8, fanOut: 2 },
        { kind: 'recurrence', side: 16, modes, ...(complex && { complex }) },
      ];
      const cost = await measure(8192, { kind: 'modal', modes, complex }, { length: 8192, levels }, (mixer) =>
        mixer.setFilter(0, { width, poles: numbers(0.8), residues: numbers(0.1) }),
      );
      const slower = tiled.filter(({ ns }) => ns > cost.ns).at(0);
      const name = `recurrence of ${modes} ${complex ? 'complex' : 'real'} modes`;
      const from =
        slower === undefined ? 'slower at all of these lengths' : `faster from ${slower.length} positions on`;
      console.log(`${name}: ${show(cost)}; ${from}`);
    }
  }
}

const show = ({ ns, bytes }) => `${ns.toFixed(1)} ns, ${bytes} bytes per channel`;

async function errors() {
  const { model, tokenizer } = await load(values.bundle ?? SHIPPED_MODEL);
  const { width } = model.config.model;
  const count = values.channels === 'all' ? width : Number(values.channels);
  const dictionary = new Dictionary(rows);
  /** `[count of modes][convolution]` fitted taps, and sums of squares. */
  const fitted = COUNTS.map(() => []);
  const squares = COUNTS.map(() => 0);
  let norm = 0;
  for (let convolution = 0; convolution < model.convolutions; convolution++) {
    const taps = await model.taps(convolution, rows);
    const out = COUNTS.map(() => Float32Array.from(taps));
    for (let c = 0; c < count; c++) {
      const filter = Float64Array.from({ length: rows }, (_, d) => taps[d * width + c]);
      norm += filter.reduce((sum, h) => sum + h * h, 0);
      dictionary.fit(filter, COUNTS).forEach((fit, k) => {
        for (let d = 0; d < rows; d++) {
          squares[k] += (fit[d] - filter[d]) ** 2;
          out[k][d * width + c] = fit[d];
        }
      });
    }
    out.forEach((filter, k) => (fitted[k][convolution] = filter));
  }
  const ids = values.text === undefined ? [] : tokenizer.encode(readFileSync(values.text, 'utf8'));
  const bits = async () => (await evaluate(model, tokenizer, ids, { length: rows })).bits_per_byte.toFixed(4);
  const score = values.text !== undefined && count === width;
  console.log(
    `filters of ${rows} taps, ${count} channels of ${model.convolutions} convolutions, fitted by n complex modes`,
  );
  if (score) console.log(`  as they are: ${await bits()} bits per byte`);
  for (const [k, modes] of COUNTS.entries()) {
    let line = `  ${modes} modes: relative L2 ${Math.sqrt(squares[k] / norm).toExponential(2)}`;
    if (score) {
      model.filters.write = (convolution, start, end, out) => {
        out.set(fitted[k][convolution].subarray(start * width, end * width));
        return Promise.resolve();
      };
      line += `, ${await bits()} bits per byte`;
    }
    console.log(line);
  }
  await model.close();
}

/** A grid of poles: the real and imaginary parts of their powers, each of norm 1. */
class Dictionary {
  atoms = [];
  gram;

  constructor(length) {
    this.length = length;
    const memories = Array.from({ length: 20 }, (_, k) => 1.5 * (length / 1.5) ** (k / 19));
    // Frequencies that an atom of that memory can tell apart, more or less.
    for (const memory of memories) {
      const turns = Math.min(24, Math.ceil(memory));
      for (let k = 0; k < turns; k++) {
        const angle = (Math.PI * k) / turns;
        for (const wave of [Math.cos, Math.sin]) {
          const atom = Float64Array.from({ length }, (_, d) => Math.exp(-d / memory) * wave(angle * d));
          const norm = Math.sqrt(dot(atom, atom));
          this.atoms.push(norm > 0 ? atom.map((value) => value / norm) : atom);
        }
      }
    }
    this.gram = this.atoms.map((a) => Float64Array.from(this.atoms, (b) => dot(a, b)));
  }

  /** Least-squares fits by so many poles each (ascending). */
  fit(filter, counts) {
    const { atoms, gram, length } = this;
    const wanted = atoms.map((atom) => dot(atom, filter));
    const rest = Float64Array.from(wanted);
    const chosen = [];
    /** The Cholesky factor of the chosen atoms' products, row by row. */
    const factor = [];
    const fits = [];
    const used = new Set();
    for (let poles = 1; poles <= counts[counts.length - 1]; poles++) {
      let best = -1;
      let most = -1;
      for (let k = 0; k < atoms.length; k += 2) {
        const size = rest[k] ** 2 + rest[k + 1] ** 2;
        if (!used.has(k) && size > most) [best, most] = [k, size];
      }
      used.add(best);
      for (const k of [best, best + 1]) append(factor, chosen, gram, k);
      const x = solve(
        factor,
        chosen.map((k) => wanted[k]),
      );
      for (let k = 0; k < rest.length; k++) {
        let sum = wanted[k];
        for (let s = 0; s < chosen.length; s++) sum -= gram[chosen[s]][k] * x[s];
        rest[k] = sum;
      }
      if (!counts.includes(poles)) continue;
      const fit = new Float64Array(length);
      chosen.forEach((k, s) => atoms[k].forEach((value, d) => (fit[d] += x[s] * value)));
      fits.push(fit);
    }
    return fits;
  }
}

/** Adds an atom to the chosen ones, unless it is a sum of those. */
function append(factor, chosen, gram, k) {
  const row = [];
  for (let s = 0; s < chosen.length; s++) {
    let sum = gram[k][chosen[s]];
    for (let j = 0; j < s; j++) sum -= row[j] * factor[s][j];
    row.push(sum / factor[s][s]);
  }
  const left = gram[k][k] - row.reduce((sum, value) => sum + value * value, 0);
  if (left < 1e-9) return;
  factor.push([...row, Math.sqrt(left)]);
  chosen.push(k);
}

function solve(factor, right) {
  const x = [...right];
  for (let s = 0; s < x.length; s++) {
    for (let j = 0; j < s; j++) x[s] -= factor[s][j] * x[j];
    x[s] /= factor[s][s];
  }
  for (let s = x.length - 1; s >= 0; s--) {
    for (let j = s + 1; j < x.length; j++) x[s] -= factor[j][s] * x[j];
    x[s] /= factor[s][s];
  }
  return x;
}

function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

if (values.only !== 'errors') await costs();
if (values.only !== 'costs') await errors();

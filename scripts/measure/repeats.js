// Do long texts fall into loops? The share of 8-grams of tokens that a text has had before, in generated texts and in a
// book, in stretches of equal length:
//
//   node scripts/measure/repeats.js BOOK.txt [-m BUNDLE] [--texts 20] [--tokens 4096] [--temp T] [--min-p P] ...
//
// Each text continues the beginning of a stretch of the book. What is drawn with is the default, or what is given. Exits
// with 1 if the texts repeat themselves more than 1.5 times as often as the book does.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { generateMany, load } from '../../dist/index.js';

const GRAM = 8;
const ALLOWED = 1.5;
const PROMPT = 32;
const SAMPLING = {
  temp: 'temperature',
  'top-k': 'topK',
  'top-p': 'topP',
  'min-p': 'minP',
  'repeat-penalty': 'repeatPenalty',
  'repeat-last-n': 'repeatLastN',
};

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', short: 'm' },
    texts: { type: 'string', default: '20' },
    tokens: { type: 'string', default: '4096' },
    ...Object.fromEntries(Object.keys(SAMPLING).map((name) => [name, { type: 'string' }])),
  },
});
const [texts, tokens] = [Number(options.texts), Number(options.tokens)];
const sampling = Object.fromEntries(
  Object.entries(SAMPLING).flatMap(([name, field]) =>
    name in options ? [[field, Number(options[name])]] : [],
  ),
);

/** Part of a text's 8-grams that stand in it earlier as well. */
function repeated(ids) {
  const seen = new Set();
  let again = 0;
  for (let t = 0; t + GRAM <= ids.length; t++) {
    const gram = ids.slice(t, t + GRAM).join(' ');
    if (seen.has(gram)) again++;
    seen.add(gram);
  }
  return again / (ids.length - GRAM + 1);
}

const loaded = await load(options.model);
const book = loaded.tokenizer.encode(readFileSync(positionals[0], 'utf8'));
if (book.length < tokens * 2) throw new Error(`${positionals[0]} has ${book.length} tokens: too few`);
const step = Math.floor((book.length - tokens) / Math.max(1, texts - 1));
const stretches = Array.from({ length: texts }, (_, k) => book.slice(k * step, k * step + tokens));
const items = stretches.map((stretch, k) => ({
  prompt: stretch.slice(0, PROMPT),
  count: tokens,
  seed: k + 1,
  ignoreEos: true,
  sampling,
}));

const shares = [];
for await (const text of generateMany(loaded, items)) {
  if (text instanceof Error) throw text;
  shares.push(repeated(text.tokens));
  console.log(`text ${String(shares.length).padStart(2)}   ${percent(shares.at(-1))}`);
}
await loaded.model.close();

function percent(share) {
  return `${(share * 100).toFixed(2)} %`;
}
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
const [ours, theirs] = [mean(shares), mean(stretches.map(repeated))];
console.log(`texts     ${percent(ours)}, the worst ${percent(Math.max(...shares))}`);
console.log(`book      ${percent(theirs)}`);
console.log(`ratio     ${(ours / theirs).toFixed(2)} (at most ${ALLOWED})`);
process.exitCode = ours <= ALLOWED * theirs ? 0 : 1;

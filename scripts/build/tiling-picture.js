// Draws the tiling of a short text from the schedule itself: `node scripts/build/tiling-picture.js > .github/tiling.svg`
import { tiles } from '../../dist/index.js';

const LENGTH = 16;
const CELL = 26;
const MARGIN = 46;
const COLOURS = { 1: '#f3e3a5', 2: '#c8dfa6', 4: '#93ccb5', 8: '#6aa9c9' };
const SIZE = MARGIN + LENGTH * CELL + 8;

/** A rectangle of inputs (columns) by outputs (rows). */
function cell(inputs, outputs, fill, label) {
  const x = MARGIN + inputs.from * CELL;
  const y = MARGIN + outputs.from * CELL;
  const width = (inputs.to - inputs.from) * CELL;
  const height = (outputs.to - outputs.from) * CELL;
  return (
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="${fill}" stroke="#fff" stroke-width="2" rx="3"/>` +
    `<text x="${x + width / 2}" y="${y + height / 2 + 4}">${label}</text>`
  );
}

const parts = [];
for (let t = 0; t < LENGTH; t++) {
  const here = { from: t, to: t + 1 };
  parts.push(cell(here, here, '#d9594c', ''));
  const at = MARGIN + (t + 0.5) * CELL;
  parts.push(`<text class="axis" x="${at}" y="${MARGIN - 8}">${t}</text>`);
  parts.push(`<text class="axis" x="${MARGIN - 12}" y="${at + 4}">${t}</text>`);
}
// The number on a tile: after which input it is computed.
for (const { side, inputs, outputs } of tiles(LENGTH)) {
  parts.push(cell(inputs, outputs, COLOURS[side], String(inputs.to - 1)));
}
parts.push(`<text class="axis" x="${MARGIN + (LENGTH * CELL) / 2}" y="16">input i</text>`);
const middle = MARGIN + (LENGTH * CELL) / 2;
parts.push(`<text class="axis" transform="rotate(-90 14 ${middle})" x="14" y="${middle}">output t</text>`);

console.log(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE} ${SIZE}" width="${SIZE}" height="${SIZE}">
<style>text{font:12px sans-serif;text-anchor:middle;fill:#333}.axis{fill:#666}</style>
<rect width="${SIZE}" height="${SIZE}" fill="#fff"/>
${parts.join('\n')}
</svg>`);

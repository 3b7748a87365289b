// Draws the tilings in docs/ from the schedule itself, after a build: `node scripts/build/tiling-picture.js`
import { writeFileSync } from 'node:fs';
import { binaryLevels, flatLevels, tiles } from '../../dist/mixer/schedule/index.js';

const MARGIN = 46;
/** Readable on a light page and on a dark one: so are the tiles, whose labels are always dark on light. */
const GREY = '#808080';
const URGENT = { 1: '#f3e3a5', 2: '#c8dfa6', 4: '#93ccb5', 8: '#6aa9c9' };
const DEFERRED = { 8: '#d3b9e6' };
const NOW = '#d9594c';

/**
 * A picture of all pairs (input, output) of a run, cut into the tiles of these levels. The number on a tile is the input
 * after which it can be computed.
 */
function picture(length, cell, levels) {
  /** A rectangle of inputs (columns) by outputs (rows). */
  const rectangle = (inputs, outputs, fill, label) => {
    const [x, y] = [MARGIN + inputs.from * cell, MARGIN + outputs.from * cell];
    const [width, height] = [(inputs.to - inputs.from) * cell, (outputs.to - outputs.from) * cell];
    return (
      `<rect x="${x + 1}" y="${y + 1}" width="${width - 2}" height="${height - 2}" fill="${fill}" rx="3"/>` +
      `<text x="${x + width / 2}" y="${y + height / 2 + 4}">${label}</text>`
    );
  };
  const parts = [];
  const every = cell < 20 ? 2 : 1;
  for (let t = 0; t < length; t++) {
    const here = { from: t, to: t + 1 };
    parts.push(rectangle(here, here, NOW, ''));
    if (t % every !== 0) continue;
    const at = MARGIN + (t + 0.5) * cell;
    parts.push(`<text class="axis" x="${at}" y="${MARGIN - 8}">${t}</text>`);
    parts.push(`<text class="axis" x="${MARGIN - 14}" y="${at + 4}">${t}</text>`);
  }
  for (const { level, side, inputs, outputs } of tiles(length, levels)) {
    const fill = levels[level].delay > 0 ? DEFERRED[side] : URGENT[side];
    parts.push(rectangle(inputs, outputs, fill, String(inputs.to - 1)));
  }
  const middle = MARGIN + (length * cell) / 2;
  parts.push(`<text class="axis" x="${middle}" y="14">input i</text>`);
  parts.push(`<text class="axis" transform="rotate(-90 12 ${middle})" x="12" y="${middle}">output t</text>`);
  const size = MARGIN + length * cell + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size} ${size}" width="${size}" height="${size}">
<style>text{font:12px sans-serif;text-anchor:middle;fill:#222}.axis{fill:${GREY}}</style>
${parts.join('\n')}
</svg>
`;
}

writeFileSync('docs/tiling-binary.svg', picture(16, 26, binaryLevels(16)));
// Urgent up to side 2 here; generation's plans are from side 64 on.
writeFileSync('docs/tiling-flat.svg', picture(32, 16, [{ side: 1, fanOut: 2 }, ...flatLevels(2, 32)]));

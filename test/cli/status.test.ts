import { Chalk } from 'chalk';
import { renderStatus } from '../../src/cli/status.js';

const plain = new Chalk({ level: 0 });
const PROMPT = { what: 'prompt', done: 45_000, total: 100_000, unit: 'tokens', elapsed: 9000 };
const BATCH = { what: 'batch', done: 1200, unit: 'texts', elapsed: 6000 };

test('a bar, and beside it what there is room for', () => {
  const bar = 'prompt ━━━━━━━━━━━━━─────────────────  45%';
  expect(renderStatus(PROMPT, 80, plain)).toBe(`${bar} 45,000/100,000 tokens 11 s left`);
  expect(renderStatus(PROMPT, 68, plain)).toBe(`${bar} 45,000/100,000 tokens`);
  expect(renderStatus(PROMPT, 50, plain)).toBe(bar);
  expect(renderStatus(PROMPT, 30, plain)).toBe('prompt ━━━━━━━──────────  45%');
  expect(renderStatus(PROMPT, 19, plain)).toBe('45%');
});

test('always narrower than the terminal', () => {
  for (let columns = 4; columns < 120; columns++) {
    const line = renderStatus(PROMPT, columns, plain);
    expect(line.length).toBeLessThan(columns);
    expect(line).toContain('45%');
  }
});

test('where no end is known, what is done and how fast', () => {
  expect(renderStatus(BATCH, 80, plain)).toBe('batch 1,200 texts 200/s');
  expect(renderStatus(BATCH, 20, plain)).toBe('batch 1,200 texts');
  expect(renderStatus(BATCH, 15, plain)).toBe('1,200 texts');
});

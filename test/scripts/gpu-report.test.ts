/** The report on a GPU, where there is none: it comes to its end, and says what it found and what it did not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../support/run.js';
import { removeTemporary, temporaryDirectory } from '../support/tiny-model.js';

afterAll(removeTemporary);

const SCRIPT = fileURLToPath(new URL('../../scripts/gpu/report.js', import.meta.url));

interface Finding {
  readonly kind: string;
  readonly error?: string;
  readonly [name: string]: unknown;
}

interface Row {
  readonly bits: number;
  readonly error?: string;
  readonly findings: readonly Finding[];
}

interface Report {
  readonly grids: Readonly<Record<string, readonly Row[]>>;
  readonly torch: readonly Row[];
}

async function reported(
  options: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<{ report: Report; page: string }> {
  const out = temporaryDirectory();
  const args = [process.execPath, SCRIPT, '--quick', '--out', out, ...options];
  const { code, stderr } = await run(args, { env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/Error/) as string });
  const read = (name: string): string => readFileSync(join(out, name), 'utf8');
  return { report: JSON.parse(read('gpu.json')) as Report, page: read('gpu.md') };
}

test('a dry run on the CPU', async () => {
  const { report, page } = await reported(['--device', 'cpu']);
  const rows = report.grids['cpu'];
  expect(rows.map(({ bits }) => bits)).toEqual([32, 8]);
  for (const { error, findings } of rows) {
    expect(error).toBeUndefined();
    expect(findings.filter((finding) => finding.error !== undefined)).toEqual([]);
    const kinds = ['load', 'libraries', 'exact', 'text', 'text', 'graph', 'graph', 'nodes', 'libraries'];
    expect(findings.map(({ kind }) => kind)).toEqual(kinds);
    const exact = { kind: 'exact', tokens: 32, relL2: 0, largest: 0, parts: null };
    expect(findings).toContainEqual(exact);
  }
  const [{ error, findings }] = report.torch;
  // Where there is PyTorch, its three ways to mix compute the same.
  if (findings.length === 0) expect(error).toMatch(/torch|ENOENT/);
  else {
    expect(findings.map(({ mixing }) => mixing)).toEqual(['lazy', 'eager', 'tiled']);
    for (const { difference } of findings) expect(difference).toBeLessThan(1e-5);
  }
  expect(page).toContain('| M 2, D 64 | 32 | 2 | ');
}, 180_000);

const WEBGPU = ['--device', 'webgpu', '--torch', 'none', '--bits', '32'];

test('a device that does not work: its row says why, and the rest goes on', async () => {
  const env = { VK_DRIVER_FILES: '/nothing', VK_ICD_FILENAMES: '/nothing' };
  const { report, page } = await reported(WEBGPU, env);
  const [load] = report.grids['webgpu'][0].findings;
  expect(load.error).toMatch(/^WebGPU finds no GPU/);
  expect(page).toContain(load.error);
  const texts = report.grids['cpu'][0].findings.filter(({ kind }) => kind === 'text');
  expect(texts.map(({ error, tokens }) => ({ error, tokens }))).toEqual([{ tokens: 95 }, { tokens: 190 }]);
});

test('no time: each row says so', async () => {
  const { report } = await reported([...WEBGPU, '--budget', '0s']);
  expect(Object.values(report.grids).map(([{ error }]) => error)).toEqual(Array(2).fill('the time was up'));
});

import { type Devices, findDevices } from '../../model/index.js';
import { command } from '../command.js';
import { EVERYWHERE, JSON_OPTION, type CommandSpec } from '../options/index.js';

const DEVICES = {
  name: 'devices',
  summary: 'what there is to compute with, what is missing, what --device auto takes and why',
  options: { ...JSON_OPTION, ...EVERYWHERE },
  examples: [['flashinf devices', 'and how to get CUDA’s libraries']],
} as const satisfies CommandSpec;

export const devices = command(DEVICES, async ({ options, io }) => {
  const found = await findDevices();
  const facts = { ...found, cuda: { ...found.cuda, libraries: Object.fromEntries(found.cuda.libraries) } };
  await io.stdout.write(options.json ? JSON.stringify(facts, null, 2) + '\n' : render(found));
});

function render({ runtime, cuda, webgpu, chosen, reason }: Devices): string {
  const lines = [
    ['cpu', `works: own kernels for tokens, ONNX Runtime ${runtime} for prompts`],
    ['cuda', cuda.works ? 'works' : `no: ${cuda.problem}`],
    ['webgpu', webgpu.works ? 'works' : `no: ${webgpu.problem}`],
    ['provider', cuda.provider ?? 'none'],
    ['folders', `${cuda.folders.join(', ')} (FLASHINF_CUDA, colons between)`],
    ['libraries', [...cuda.libraries.values()].join(', ') || 'none in these folders'],
    ['chosen', cuda.works ? chosen : `${chosen}: ${reason}`],
  ];
  const listed = lines.map(([key, value]) => `${key.padEnd(10)}${value}\n`).join('');
  if (cuda.works) return listed;
  return `${listed}\nA driver of 580 or later aside, all that CUDA takes comes with (1 GB, any pip):\n\n${cuda.install}\n`;
}

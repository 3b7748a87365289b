import { mixerShape } from '../../generation/index.js';
import { loadModel } from '../model.js';
import { fit, flatPlans } from '../../mixer/index.js';
import { UsageError } from '../errors.js';
import { describeLayers } from '../report/layers.js';
import { planFacts, renderPlan } from '../report/plan.js';
import type { ModelDimensions } from '../../bundle/index.js';
import { type LanguageModel, sequenceBytes } from '../../model/index.js';
import { table } from '../report/table.js';
import { command } from '../command.js';
import {
  COMPUTE,
  EVERYWHERE,
  JSON_OPTION,
  MEMORY,
  MIXER,
  MODEL,
  type CommandSpec,
} from '../options/index.js';

const INSPECT = {
  name: 'inspect',
  summary: 'what a bundle holds, and what generating and scoring a length take',
  options: {
    len: { type: 'integer', value: 'n', help: 'tokens to generate', from: 1, defaultText: 'the context' },
    plan: { type: 'flag', help: 'print only the plan: levels, what they cost and what they take' },
    ...JSON_OPTION,
    ...MODEL,
    ...MIXER,
    ...COMPUTE,
    ...MEMORY,
    ...EVERYWHERE,
  },
  examples: [
    ['flashinf inspect --len 131072', 'memory for that many tokens'],
    [
      'flashinf inspect --plan --memory 1.5G',
      'the tiles of the whole context in 1.5 GiB, and what they cost',
    ],
  ],
} as const satisfies CommandSpec;

export const inspect = command(INSPECT, async ({ options, io }) => {
  const { model, tokenizer } = await loadModel(options, io);
  try {
    const { config } = model;
    const length = options.len ?? config.model.context;
    const { mixer, threads, memory = Infinity } = options;
    const shape = mixerShape(model, length);
    const { plan, bytes } = fit({ name: mixer, shape, threads, memory, plan: flatPlans(shape.length) });
    if (options.plan) {
      if (mixer !== 'tiled')
        throw new UsageError(`--plan does not go with --mixer ${mixer}, which has no tiles`);
      const facts = planFacts(shape, plan, threads);
      await io.stdout.write(
        options.json ? JSON.stringify(facts, null, 2) + '\n' : renderPlan(shape, plan, threads),
      );
      return;
    }
    const scored = Math.min(length, config.model.context);
    const facts = {
      name: config.name,
      id: model.id,
      directory: model.directory,
      device: model.device,
      model: config.model,
      filter: config.filter,
      weights: weightsOf(model.tensors, config.weights?.bits),
      tokenizer: { ...config.tokenizer, tokens: tokenizer.size, end_of_text: tokenizer.endOfText },
      bytes: Object.values(config.files).reduce((sum, file) => sum + file.bytes, 0),
      files: config.files,
      tensors: Array.from(model.tensors, ([name, { dtype, dims }]) => ({ name, type: dtype, shape: dims })),
      provenance: config.provenance,
      generation: {
        length,
        mixer,
        mixer_bytes: bytes,
        levels: mixer === 'tiled' ? plan.levels : [],
      },
      scoring: { length: scored, bytes: sequenceBytes(config.model, scored) },
      available_bytes: process.availableMemory(),
    };
    await io.stdout.write(options.json ? JSON.stringify(facts, null, 2) + '\n' : render(facts));
  } finally {
    await model.close();
  }
});

function render(facts: {
  name: string;
  id: string;
  directory: string;
  device: string;
  model: ModelDimensions;
  filter: object | undefined;
  weights: Weights;
  tokenizer: object;
  bytes: number;
  files: Readonly<Record<string, { bytes: number }>>;
  tensors: readonly { name: string; type: string; shape: readonly number[] }[];
  provenance: object;
  generation: {
    length: number;
    mixer: string;
    mixer_bytes: number;
  };
  scoring: { length: number; bytes: number };
  available_bytes: number;
}): string {
  const { generation, model } = facts;
  const { width, vocabulary, context } = model;
  const inline = (record: object): string =>
    Object.entries(record)
      .map(([key, value]) => `${key} ${typeof value === 'object' ? JSON.stringify(value) : value}`)
      .join(', ');
  const size = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const beyond = (bytes: number): string =>
    bytes <= facts.available_bytes ? '' : `, more than the ${size(facts.available_bytes)} that are free`;
  const lines = [
    ['model', facts.name],
    ['id', facts.id],
    ['directory', facts.directory],
    ['device', facts.device],
    ['layers', describeLayers(facts.model.layers)],
    ['dimensions', inline({ width, vocabulary, context })],
    ...(facts.filter ? [['filter', inline(facts.filter)]] : []),
    ['weights', describeWeights(facts.weights)],
    ['tokenizer', inline(facts.tokenizer)],
    ['size', size(facts.bytes)],
    [
      'generating',
      `${generation.length} tokens takes ${size(generation.mixer_bytes)} in the ${generation.mixer} mixer` +
        beyond(generation.mixer_bytes),
    ],
    [
      'scoring',
      `${facts.scoring.length} tokens takes about ${size(facts.scoring.bytes)}${beyond(facts.scoring.bytes)}`,
    ],
  ];
  const files = Object.entries(facts.files).map(([name, { bytes }]) => [name, `${bytes}`]);
  const tensors = facts.tensors.map(({ name, type, shape }) => [name, type, shape.join(' x ')]);
  return (
    lines.map(([key, value]) => `${key.padEnd(12)}${value}\n`).join('') +
    `\n${table(['file', 'bytes'], files)}` +
    `\n${table(['tensor', 'type', 'shape'], tensors)}`
  );
}

interface Weights {
  /** Of the matrices that tokens are multiplied with, embeddings and head. */
  bits: number;
  /** Values that share a scale, where these are quantised. */
  blocks?: number[];
}

function weightsOf(tensors: LanguageModel['tensors'], bits: number | undefined): Weights {
  if (bits === undefined) return { bits: 32 };
  const blocks = [...tensors].flatMap(([name, { dtype, dims }]) =>
    // Bytes of a block; those of the embeddings have 8 bits in any case.
    dtype === 'U8' && name !== 'embeddings' ? [(dims[2] * 8) / bits] : [],
  );
  return { bits, blocks: [...new Set(blocks)] };
}

const describeWeights = ({ bits, blocks }: Weights): string =>
  blocks === undefined
    ? 'float32'
    : `${bits} bits in blocks of ${blocks.join(' and ')}: matrices and head; embeddings 8 bits, the rest float32`;

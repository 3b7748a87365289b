/** Tiny random models, their references, and arithmetic nobody could call clever. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCheckpoint } from '../../src/checkpoint/index.js';
import { SafetensorsFile } from '../../src/container/safetensors.js';
import type { LanguageModel, StepState } from '../../src/model/index.js';

export const GOLDEN = fileURLToPath(new URL('../golden/', import.meta.url));

export type Time = 'log' | 'linear';

const temporary: string[] = [];

/** A directory that `removeTemporary` deletes. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'flashinf-'));
  temporary.push(directory);
  return directory;
}

export function removeTemporary(): void {
  for (const directory of temporary.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A copy of the tiny checkpoint with filters of one kind of time; `change` edits its config. */
export function tinyCheckpoint(
  time: Time,
  change: (model: Record<string, unknown>) => void = () => {},
): string {
  const directory = temporaryDirectory();
  cpSync(join(GOLDEN, 'tiny'), directory, { recursive: true });
  const file = join(directory, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as { model: Record<string, unknown> };
  config.model.time = time;
  change(config.model);
  writeFileSync(file, JSON.stringify(config));
  return directory;
}

export async function tinyBundle(time: Time): Promise<string> {
  const directory = join(temporaryDirectory(), 'bundle');
  await bundleCheckpoint(tinyCheckpoint(time), directory);
  return directory;
}

export interface Reference {
  readonly ids: number[];
  /** PyTorch in float32, `[time, vocabulary]`. */
  readonly logits: Float32Array;
  /** In float64, of the rows `rows`. */
  readonly logits64: Float64Array;
  readonly rows: number[];
  /** `[layer, 64, width]`. */
  readonly taps: Float32Array;
}

export function reference(time: Time): Reference {
  const file = SafetensorsFile.open(join(GOLDEN, `tiny-${time}.safetensors`));
  try {
    return {
      ids: [...file.readFloat64('ids')],
      logits: file.read('logits'),
      logits64: file.readFloat64('logits64'),
      rows: [...file.readFloat64('rows')],
      taps: file.read('taps'),
    };
  } finally {
    file.close();
  }
}

/** `|got - wanted| / |wanted|`. */
export function relL2(got: ArrayLike<number>, wanted: ArrayLike<number>): number {
  if (got.length !== wanted.length) throw new Error(`${got.length} values against ${wanted.length}`);
  let error = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    error += (got[i] - wanted[i]) ** 2;
    norm += wanted[i] ** 2;
  }
  return Math.sqrt(error / norm);
}

/** The definition of online mixing, in float64: one sum over the whole past per channel. */
export class NaiveMixer {
  private readonly inputs: Float32Array[] = [];

  /**
   * @param taps per mixer `[time, width]`
   * @param before per mixer what came before position 0 adds, `[time, width]`
   */
  constructor(
    private readonly width: number,
    private readonly taps: readonly Float32Array[],
    private readonly before: readonly Float32Array[] = [],
  ) {}

  pending(): Float32Array {
    const { width } = this;
    const t = this.inputs.length;
    return Float32Array.from({ length: this.taps.length * width }, (_, at) => {
      const mixer = Math.floor(at / width);
      const c = at % width;
      let sum = this.before[mixer]?.[t * width + c] ?? 0;
      for (let i = 0; i < t; i++) sum += this.inputs[i][at] * this.taps[mixer][(t - i) * width + c];
      return sum;
    });
  }

  push(y: Float32Array): void {
    this.inputs.push(y.slice());
  }
}

/** The filters of all mixers, `[length, width]` each. */
export async function allTaps(model: LanguageModel, length: number): Promise<Float32Array[]> {
  const taps: Float32Array[] = [];
  for (let m = 0; m < model.convolutions; m++) taps.push(await model.taps(m, length));
  return taps;
}

/** Logits after each of `ids`, token by token, `[time, vocabulary]`. */
export async function stepThrough(
  model: LanguageModel,
  ids: readonly number[],
  mixer: NaiveMixer,
  state: StepState = model.start(),
): Promise<Float32Array> {
  const { vocabulary } = model.config.model;
  const out = new Float32Array(ids.length * vocabulary);
  for (const [t, id] of ids.entries()) {
    state.pending.set(mixer.pending());
    const { logits, y } = await model.step(state, id);
    mixer.push(y);
    out.set(logits, t * vocabulary);
  }
  return out;
}

/** Reproducible tokens. */
export function randomIds(count: number, vocabulary: number, seed = 1): number[] {
  let x = seed;
  return Array.from({ length: count }, () => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return Math.floor((x / 2 ** 32) * vocabulary);
  });
}

/** A folder with one of everything a command line can name. */
import { cpSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from '../../src/generation/load.js';
import { generate } from '../../src/generation/text.js';
import { asSafetensors, golden } from './golden.js';
import { GOLDEN, temporaryDirectory } from './tiny-model.js';
import { byteModel, dnaModel, wordModel } from './models.js';

/** Of the checkpoints `huggingface.safetensors` and `order3.safetensors`. */
const CONFIG = { model_type: 'hyenadna', d_model: 8, n_layer: 2, d_inner: 12, max_seq_len: 48 };

/**
 * - `bytes`, `words`, `dna`: bundles; `broken`: one cut short
 * - `tiny`: a checkpoint; `huggingface.safetensors`, `safari.safetensors` (no positions), `order3.safetensors`: others
 * - `once.txt`: a prompt; `line.txt`: the same with a line end; `latin.txt`: no UTF-8; `ids.txt`; `config.json`
 * - `two.fa`: sequences, one of them RNA, in lower case
 * - `batch.jsonl`, `bad.jsonl`, `endless.jsonl`: prompts, one of the bad ones bad, the endless ones without an end
 * - `state`: of `bytes` after "once" and 4 tokens, 4 more to come and room for 9; `cut`: the same, cut short
 */
export async function makeFolder(): Promise<string> {
  const folder = temporaryDirectory();
  const at = (name: string): string => join(folder, name);
  renameSync(await byteModel(), at('bytes'));
  renameSync(await wordModel(), at('words'));
  renameSync(await dnaModel({ width: 16, context: 64 }), at('dna'));
  cpSync(at('bytes'), at('broken'), { recursive: true });
  truncateSync(at('broken/weights.safetensors'), 1000);
  cpSync(join(GOLDEN, 'tiny'), at('tiny'), { recursive: true });
  const checkpoints = [
    ['huggingface', 'huggingface'],
    ['safari-plain', 'safari'],
    ['order3-interleaved', 'order3'],
  ];
  for (const [name, file] of checkpoints) {
    renameSync(asSafetensors(golden(name).tensors), at(`${file}.safetensors`));
  }
  writeFileSync(at('settings.json'), JSON.stringify(CONFIG));
  writeFileSync(at('once.txt'), 'once');
  writeFileSync(at('line.txt'), 'once\n');
  writeFileSync(at('two.fa'), '>a first\nACGTAC\nGT\n>b\nacgu\n');
  writeFileSync(at('latin.txt'), Uint8Array.of(0x61, 0xff, 0x62));
  writeFileSync(at('ids.txt'), '[111, 110,\n99]');
  writeFileSync(at('batch.jsonl'), '{"prompt":"once","id":"a"}\n{"prompt":"upon","id":"b"}\n');
  writeFileSync(at('bad.jsonl'), '{"prompt":"once","id":"a"}\n{"prompt":7,"id":"b"}\n');
  writeFileSync(at('endless.jsonl'), '{"prompt":"once","seed":2,"ignore_eos":true}\n'.repeat(2));
  await saveState(at('bytes'), at('state'));
  cpSync(at('state'), at('cut'));
  truncateSync(at('cut'), 2000);
  return folder;
}

async function saveState(bundle: string, file: string): Promise<void> {
  const loaded = await load(bundle);
  const stop = new AbortController();
  const text = generate(loaded, 'once', { count: 8, seed: 1, room: 13, save: file, signal: stop.signal });
  let tokens = 0;
  for await (const { token } of text) if (token !== null && ++tokens === 4) stop.abort();
  await loaded.model.close();
}

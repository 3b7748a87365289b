import { MessageChannel } from 'node:worker_threads';
import { BundleError } from '../format/index.js';
import { DeviceError, explainFailure } from './device-error.js';
import type { Feeds, Runtime, Session } from './session.js';
import type { Device } from './types.js';

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/** A graph that is loaded. */
export interface Graph {
  /** Names it in errors. */
  readonly label: string;
  readonly runtime: Runtime;
  readonly session: Session;
  readonly device: Device;
}

/**
 * Runs a graph, the outputs into the arrays of `fetches`. Throws BundleError if it fails, with the first line of why; on
 * a device, a DeviceError.
 *
 * ONNX Runtime's binding copies them a second time, into arrays of its own that nobody needs. As garbage, some hundred
 * kilobytes a step, they would set off a full collection every few dozen steps, milliseconds long. So their memory is
 * given away at once: transferred in a message that no one receives.
 */
export async function runGraph(
  { session, label, device }: Graph,
  feeds: Feeds,
  fetches: Feeds,
): Promise<void> {
  let copies: Awaited<ReturnType<Session['run']>>;
  try {
    copies = await session.run(feeds, fetches);
  } catch (error) {
    if (device !== 'cpu') throw new DeviceError(explainFailure(error), { cause: error });
    const got = firstLine(error);
    throw new BundleError({ file: label, expected: 'a graph that runs', got }, { cause: error });
  }
  nowhere.postMessage(
    null,
    Object.values(copies).map(({ data }) => (data as Float32Array).buffer as ArrayBuffer),
  );
}

export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
}

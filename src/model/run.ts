import { MessageChannel } from 'node:worker_threads';
import type { Feeds, Session } from './session.js';

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/**
 * Runs a graph, the outputs into the arrays of `fetches`.
 *
 * ONNX Runtime's binding copies them a second time, into arrays of its own that nobody needs. As garbage, some hundred
 * kilobytes a step, they would set off a full collection every few dozen steps, milliseconds long. So their memory is
 * given away at once: transferred in a message that no one receives.
 */
export async function runGraph(session: Session, feeds: Feeds, fetches: Feeds): Promise<void> {
  const copies = await session.run(feeds, fetches);
  nowhere.postMessage(
    null,
    Object.values(copies).map(({ data }) => (data as Float32Array).buffer as ArrayBuffer),
  );
}

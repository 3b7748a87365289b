/** Runs the graph of a model without long convolutions: rows of sequences side by side, from one state to the next. */
import type { ModelDimensions } from '../bundle/index.js';
import { headsOf, type StackedState, stateOf } from '../layers/index.js';
import { type Graph, runGraph } from './run.js';
import type { Feeds, Runtime } from './session.js';
import type { StepState } from './state.js';

/** Rows of some lanes, `ids` `[lane, time]`. */
export interface Rows {
  readonly ids: ArrayLike<number>;
  /** The first lane, and how many there are. */
  readonly lane: number;
  readonly lanes: number;
}

/** Where results go: `[lane, time, vocabulary]`, `[lane, time, width]`. */
export interface RowsWanted {
  readonly logits?: Float32Array | undefined;
  readonly hidden?: Float32Array | undefined;
}

type Growing = NonNullable<StepState['rows'][number]>;

export class RecurrentPass {
  private readonly state: readonly StackedState[];
  /** Channels of a head; undefined where there is no attention. */
  private readonly channels: number | undefined;

  /** @param frequencies of the rotations, `[channel of half a head]` */
  constructor(
    private readonly runtime: Runtime,
    private readonly model: ModelDimensions,
    private readonly frequencies: Float32Array,
  ) {
    const { layers, width } = model;
    this.state = stateOf(layers, width);
    const attends = layers.find(({ mixer }) => mixer.kind === 'attention');
    this.channels = attends && width / headsOf(attends);
  }

  /**
   * Takes lanes of a state through a graph of the first `until` layers. What replaces what there was is written beside it: once
   * all lanes are through, `state.advance` makes it the state's.
   */
  async run(
    graph: Graph,
    state: StepState,
    { ids, lane, lanes }: Rows,
    wanted: RowsWanted,
    until = this.model.layers.length,
  ): Promise<void> {
    const time = ids.length / lanes;
    const { vocabulary, width } = this.model;
    const { Tensor } = this.runtime;
    const floats = (data: Float32Array, ...dims: readonly number[]): Feeds[string] =>
      new Tensor('float32', data, [lanes, ...dims]);
    const ofLanes = <A extends Float32Array | Uint16Array>(all: A): A => {
      const size = all.length / state.lanes;
      return all.subarray(lane * size, (lane + lanes) * size) as A;
    };
    const tokens = BigInt64Array.from({ length: ids.length }, (_, i) => BigInt(ids[i]));
    const feeds: Feeds = { ids: new Tensor('int64', tokens, [lanes, time]) };
    const fetches: Feeds = {};
    const grown: { readonly rows: Growing; readonly added: Growing['values'] }[] = [];
    for (const [
      k,
      {
        name,
        dims: [, ...dims],
        places,
      },
    ] of this.state.entries()) {
      if (places.findIndex((place) => place >= 0) >= until) continue;
      const rows = state.rows[k];
      if (rows === undefined) {
        feeds[`${name}_1`] = floats(ofLanes(state.array(k, 1)), ...dims);
        fetches[`${name}_0`] = floats(ofLanes(state.array(k, 0)), ...dims);
        continue;
      }
      const [heads, channels] = dims;
      rows.reserve(Math.max(...state.positions) + time);
      const added = rows.array(lanes * time * rows.row);
      const kept = ofLanes(rows.values);
      feeds[`${name}_1`] = new Tensor(rows.type, kept, [lanes, heads, rows.capacity, channels]);
      fetches[`${name}_0`] = new Tensor(rows.type, added, [lanes, heads, time, channels]);
      grown.push({ rows, added });
    }
    if (grown.length > 0) {
      const positions = state.positions.subarray(lane, lane + lanes);
      Object.assign(feeds, this.places(positions, time, grown[0].rows.capacity));
    }
    if (wanted.logits) fetches['logits'] = floats(wanted.logits, time, vocabulary);
    if (wanted.hidden) fetches['hidden'] = floats(wanted.hidden, time, width);
    await runGraph(graph, feeds, fetches);
    for (let l = 0; l < lanes; l++) {
      for (const { rows, added } of grown) {
        const size = added.length / lanes;
        rows.put(lane + l, state.positions[lane + l], added.subarray(l * size, (l + 1) * size));
      }
      state.positions[lane + l] += time;
    }
  }

  /** See `Places` of the graph; `before` rows of each lane, of which as many are there as its position. */
  private places(positions: Int32Array, time: number, before: number): Feeds {
    const { Tensor } = this.runtime;
    const { frequencies } = this;
    const lanes = positions.length;
    const half = this.channels! / 2;
    const cosine = new Float32Array(lanes * time * half);
    const sine = new Float32Array(cosine.length);
    const all = before + time;
    const mask = new Float32Array(lanes * time * all).fill(-Infinity);
    for (let lane = 0, row = 0; lane < lanes; lane++) {
      for (let t = 0; t < time; t++, row++) {
        mask.fill(0, row * all, row * all + positions[lane]);
        mask.fill(0, row * all + before, row * all + before + t + 1);
        for (let j = 0; j < half; j++) {
          const angle = (positions[lane] + t) * frequencies[j];
          cosine[row * half + j] = Math.cos(angle);
          sine[row * half + j] = Math.sin(angle);
        }
      }
    }
    return {
      cosine: new Tensor('float32', cosine, [lanes, 1, time, half]),
      sine: new Tensor('float32', sine, [lanes, 1, time, half]),
      mask: new Tensor('float32', mask, [lanes, 1, time, all]),
      spans: new Tensor('int64', BigInt64Array.of(BigInt(before), BigInt(time)), [2]),
    };
  }
}

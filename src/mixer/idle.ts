import type { Recipe } from './engine/index.js';
import { checkIndex, checkSize, LanePositions } from './lanes.js';
import type { Mixer } from './mixer.js';
import type { Plan } from './plan/index.js';
import type { MixerName, MixerShape } from './shape.js';

/** The mixer of a model without long convolutions: it has nothing to mix, and knows where each lane is. */
export class IdleMixer implements Mixer {
  readonly name: MixerName;
  readonly shape: MixerShape;
  readonly plan: Plan;
  readonly bytes = 0;
  readonly filterRows: number;
  private readonly lanes: LanePositions;

  constructor({ name, shape, plan }: Recipe) {
    this.name = name;
    this.shape = shape;
    this.plan = plan;
    this.filterRows = shape.length;
    this.lanes = new LanePositions(shape.lanes ?? 1, shape.length);
  }

  get position(): number {
    return this.lanes.at[0];
  }

  positionOf(lane: number): number {
    this.lanes.check(lane);
    return this.lanes.at[lane];
  }

  setFilter(convolution: number): void {
    checkIndex('convolution', convolution, 0);
  }

  tapsNeeded(): number {
    return 0;
  }

  addPending(convolution: number): void {
    checkIndex('convolution', convolution, 0);
  }

  fill(convolution: number): void {
    checkIndex('convolution', convolution, 0);
  }

  pending(out: Float32Array): void {
    checkSize('pending sums', out, 0, 'of no convolutions');
  }

  push(y: Float32Array): void {
    checkSize('inputs', y, 0, 'of no convolutions');
    this.lanes.advance();
  }

  reset(lane?: number): void {
    this.goTo(0, lane, false);
  }

  retire(lane: number): void {
    this.goTo(this.positionOf(lane), lane, true);
  }

  state(): readonly Float32Array[] {
    return [];
  }

  resume(position: number, lane?: number): void {
    checkIndex('position', position, this.shape.length + 1);
    this.goTo(position, lane, false);
  }

  async close(): Promise<void> {}

  private goTo(position: number, lane: number | undefined, retired: boolean): void {
    if (lane !== undefined) this.lanes.check(lane);
    const [first, end] = lane === undefined ? [0, this.lanes.count] : [lane, lane + 1];
    for (let l = first; l < end; l++) this.lanes.goTo(l, position, retired);
  }
}

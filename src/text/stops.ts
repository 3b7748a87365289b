interface Node {
  readonly next: Map<number, Node>;
  /** Bytes from the root. */
  readonly depth: number;
  /** The longest proper suffix that is a prefix of some stop. */
  suffix: Node | null;
  /** The longest stop that ends here. */
  stop: string | null;
}

const nodeAt = (depth: number): Node => ({ next: new Map(), depth, suffix: null, stop: null });

/**
 * Looks for the first of several strings in a stream of bytes (Aho and Corasick's automaton). First is what
 * ends first, and of those that end together the longest: so it does not matter how the stream is cut.
 */
export class StopMatcher {
  private readonly root: Node = nodeAt(0);
  private at: Node = this.root;

  /** @param stops none of them empty */
  constructor(stops: readonly string[]) {
    for (const stop of stops) this.insert(stop);
    this.link();
  }

  /** How many of the bytes fed last may be the beginning of a stop. */
  get pending(): number {
    return this.at.depth;
  }

  /** Feeds one byte. Returns the stop that ends with it, if one does. */
  feed(byte: number): string | null {
    this.at = this.step(this.at, byte);
    return this.at.stop;
  }

  private step(from: Node, byte: number): Node {
    for (let node: Node | null = from; node !== null; node = node.suffix) {
      const next = node.next.get(byte);
      if (next !== undefined) return next;
    }
    return this.root;
  }

  private insert(stop: string): void {
    let node = this.root;
    for (const byte of Buffer.from(stop, 'utf8')) {
      let next = node.next.get(byte);
      if (next === undefined) node.next.set(byte, (next = nodeAt(node.depth + 1)));
      node = next;
    }
    node.stop = stop;
  }

  /** Breadth first: a suffix is shorter, so its links are there. */
  private link(): void {
    const queue = [this.root];
    for (const node of queue) {
      for (const [byte, next] of node.next) {
        next.suffix = node.suffix === null ? this.root : this.step(node.suffix, byte);
        next.stop ??= next.suffix.stop;
        queue.push(next);
      }
    }
  }
}

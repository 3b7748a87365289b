/** What is left of an iterable, one item of it fetched ahead. */
export class Source<T> {
  private readonly iterator: AsyncIterator<T> | Iterator<T>;
  private next: { readonly item: T } | null = null;
  private fetching: Promise<void> | null = null;
  private failure: { readonly error: unknown } | null = null;
  /** Nothing more comes. */
  done = false;

  /** Throws a TypeError for what cannot be iterated. */
  constructor(items: AsyncIterable<T> | Iterable<T>) {
    const given = items as Partial<AsyncIterable<T> & Iterable<T>> | null | undefined;
    const iterator = given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.();
    if (iterator === undefined) throw new TypeError('items: expected something to iterate over');
    this.iterator = iterator;
  }

  /** The next item; null if it is not there yet, or none is left. */
  take(): { readonly item: T } | null {
    const { next } = this;
    this.next = null;
    if (!this.done) this.fetching ??= this.fetch();
    return next;
  }

  /** Waits until there is an item, or none is left. */
  async wait(): Promise<void> {
    if (this.next !== null || this.done) return;
    this.fetching ??= this.fetch();
    await this.fetching;
  }

  /** Throws what the iterable threw, if it did. */
  throwIfFailed(): void {
    if (this.failure !== null) throw this.failure.error;
  }

  /** Lets go of where the items come from. What waits for an item that may never come is not waited for. */
  async close(): Promise<void> {
    if (this.done) return;
    const closing = Promise.resolve(this.iterator.return?.());
    if (this.fetching === null) await closing;
    else closing.catch(() => undefined);
  }

  private async fetch(): Promise<void> {
    try {
      const result = await this.iterator.next();
      if (result.done === true) this.done = true;
      else this.next = { item: result.value };
    } catch (error) {
      this.failure = { error };
      this.done = true;
    }
    this.fetching = null;
  }
}

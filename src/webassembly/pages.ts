/** WebAssembly memories come in pages, and only so many of them. */
export const PAGE = 65536;
export const MAXIMUM_PAGES = 65536;

/** Whether a memory can be that large. */
export function fitsPages({ bytes }: { readonly bytes: number }): boolean {
  return bytes <= MAXIMUM_PAGES * PAGE;
}

/** Memory pages for a layout. Throws a RangeError with the figures if a memory cannot be that large. */
export function pagesFor(layout: { readonly bytes: number }, what: string): number {
  if (!fitsPages(layout)) {
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
    throw new RangeError(
      `${what} needs ${layout.bytes} bytes (${gib(layout.bytes)} GiB), ` +
        `more than the ${gib(MAXIMUM_PAGES * PAGE)} GiB one WebAssembly memory can hold`,
    );
  }
  return Math.ceil(layout.bytes / PAGE);
}

/** Bytes of the pages that so many bytes take. */
export function pageBytes(bytes: number): number {
  return Math.ceil(bytes / PAGE) * PAGE;
}

/** Memory that all threads of the process can see; it comes zeroed. Throws a RangeError if there is no address space for it. */
export function sharedMemory(pages: number): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new RangeError(
      `no room for a memory of ${Math.ceil((pages * PAGE) / 2 ** 20)} MiB: each one takes about 10 GiB of address ` +
        'space besides, more than is left of what this process may have (ulimit -v)',
      { cause },
    );
  }
}

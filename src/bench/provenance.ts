import { readFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { mixerModules } from '../mixer/index.js';

/** What a figure depends on besides the program. */
export interface Provenance {
  readonly version: string;
  /** The command line, without the program. */
  readonly command: readonly string[];
  readonly node: string;
  readonly v8: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  /** Which WebAssembly kernels: with relaxed SIMD, or without. */
  readonly kernels: 'relaxed' | 'basic';
  /**
   * What the system says of large pages (`always`, `madvise` or `never`), and bytes of this process that lie on some; null:
   * unknown.
   */
  readonly largePages: string | null;
  readonly largePageBytes: number | null;
  /** Where the costs that plans are made by come from. */
  readonly costs: 'built in' | 'this machine';
  /** Load of the last minute, when it began. */
  readonly load: number;
  readonly date: string;
}

export function provenance(given: Pick<Provenance, 'version' | 'command' | 'costs'>): Provenance {
  const processors = cpus();
  return {
    ...given,
    node: process.version,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
    cpu: processors[0]?.model.trim() ?? process.arch,
    cores: processors.length,
    memoryBytes: totalmem(),
    kernels: mixerModules.name,
    largePages: fieldOf('/sys/kernel/mm/transparent_hugepage/enabled', /\[(\w+)\]/),
    largePageBytes: largePageBytes(),
    load: loadavg()[0],
    date: new Date().toISOString(),
  };
}

function largePageBytes(): number | null {
  const kib = fieldOf('/proc/self/smaps_rollup', /^AnonHugePages:\s+(\d+)/m);
  return kib === null ? null : Number(kib) * 1024;
}

function fieldOf(file: string, pattern: RegExp): string | null {
  try {
    return pattern.exec(readFileSync(file, 'utf8'))?.[1] ?? null;
  } catch {
    return null;
  }
}

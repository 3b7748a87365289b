import { cpus, totalmem } from 'node:os';

/** What a figure depends on besides the program. */
export interface Provenance {
  readonly version: string;
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly date: string;
}

export function provenance(version: string): Provenance {
  const processors = cpus();
  return {
    version,
    node: process.version,
    cpu: processors[0]?.model ?? process.arch,
    cores: processors.length,
    memoryBytes: totalmem(),
    date: new Date().toISOString(),
  };
}

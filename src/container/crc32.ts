/** CRC-32 as zip archives have it (reflected polynomial 0xEDB88320). */
import zlib from 'node:zlib';

/** Table k: the remainder of a byte followed by k zero bytes. */
const TABLES = makeTables(8);

/** Node's own since 20.15 and 22.2. */
const { crc32: builtIn } = zlib as Partial<Pick<typeof zlib, 'crc32'>>;

/**
 * The checksum of `bytes`, an unsigned integer.
 *
 * @param before the checksum of what came before these bytes
 */
export const crc32 = builtIn ?? crc32ByTables;

/** `crc32`, eight bytes at a time. */
export function crc32ByTables(bytes: Uint8Array, before = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~before;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc =
      t7[crc & 0xff] ^
      t6[(crc >>> 8) & 0xff] ^
      t5[(crc >>> 16) & 0xff] ^
      t4[crc >>> 24] ^
      t3[bytes[i + 4]] ^
      t2[bytes[i + 5]] ^
      t1[bytes[i + 6]] ^
      t0[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(count: number): Int32Array[] {
  const first = Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  const tables = [first];
  while (tables.length < count) {
    const last = tables[tables.length - 1];
    tables.push(last.map((crc) => first[crc & 0xff] ^ (crc >>> 8)));
  }
  return tables;
}

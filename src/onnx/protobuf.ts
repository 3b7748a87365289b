/**
 * The part of the Protocol Buffers wire format that ONNX files need, for writing: a message is a run of
 * fields, each a varint key `number << 3 | wire type` and a value. Wire types: 0 varint, 2 length-delimited,
 * 5 four bytes.
 */

const VARINT = 0;
const LENGTH_DELIMITED = 2;
const FOUR_BYTES = 5;

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const utf8 = new TextEncoder();

/** One message under construction. Methods append a field and return the message, for chaining. */
export class Message {
  private readonly parts: Uint8Array[] = [];
  private size = 0;

  /** An integer field (int32, int64, enum); negative values take ten bytes, as the format has it. */
  int(field: number, value: number | bigint): this {
    return this.append(varint(key(field, VARINT))).append(varint(unsigned(value)));
  }

  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    return this.append(varint(key(field, FOUR_BYTES))).append(bytes);
  }

  bytes(field: number, value: Uint8Array): this {
    return this.append(varint(key(field, LENGTH_DELIMITED)))
      .append(varint(value.length))
      .append(value);
  }

  string(field: number, value: string): this {
    return this.bytes(field, utf8.encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    const out = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }

  private append(part: Uint8Array): this {
    this.parts.push(part);
    this.size += part.length;
    return this;
  }
}

function key(field: number, wire: number): number {
  return field * 8 + wire;
}

/** Negative integers as the unsigned ones with the same 64 bits. */
function unsigned(value: number | bigint): number | bigint {
  return value >= 0 ? value : BigInt.asUintN(64, BigInt(value));
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number | bigint): Uint8Array {
  const out: number[] = [];
  // Nearly all are small, and numbers some ten times faster than big ones.
  let rest = value;
  while (typeof rest === 'bigint' && rest > MAX_SAFE) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  let low = Number(rest);
  while (low >= 0x80) {
    out.push((low % 0x80) | 0x80);
    low = Math.floor(low / 0x80);
  }
  out.push(low);
  return Uint8Array.from(out);
}

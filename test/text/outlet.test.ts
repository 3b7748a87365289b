import { Outlet } from '../../src/text/index.js';

let state = 1;
const random = (below: number): number => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** Feeds a text in random pieces. */
function feed(bytes: Uint8Array, stops: readonly string[]): { text: string; stop: string | null } {
  const outlet = new Outlet({ stops });
  const out: Uint8Array[] = [];
  for (let at = 0; at < bytes.length && outlet.stop === null;) {
    const next = at + 1 + random(4);
    const piece = outlet.push(bytes.subarray(at, next));
    // What leaves is whole characters.
    if (stops.length === 0) expect(Buffer.from(piece).toString()).toBe(new TextDecoder().decode(piece));
    out.push(piece);
    at = next;
  }
  if (outlet.stop === null) out.push(outlet.flush());
  return { text: out.map((part) => Buffer.from(part).toString('utf8')).join(''), stop: outlet.stop };
}

/** The definition: of all stops, the one that ends first; of those, the longest. */
function expected(bytes: Buffer, stops: readonly string[]): { text: string; stop: string | null } {
  for (let end = 1; end <= bytes.length; end++) {
    const here = stops.filter((stop) =>
      bytes.subarray(0, end).toString('latin1').endsWith(Buffer.from(stop).toString('latin1')),
    );
    if (here.length === 0) continue;
    const [stop] = here.sort((a, b) => Buffer.byteLength(b) - Buffer.byteLength(a));
    return { text: bytes.subarray(0, end - Buffer.byteLength(stop)).toString(), stop };
  }
  return { text: bytes.toString(), stop: null };
}

test('stops are found wherever they are cut, and nothing of them leaves', () => {
  for (let run = 0; run < 3000; run++) {
    const word = (most: number): string =>
      Array.from({ length: 1 + random(most) }, () => ['a', 'b', '🐈', 'é'][random(4)]).join('');
    const stops = Array.from({ length: 1 + random(3) }, () => word(4));
    const bytes = Buffer.from(word(20));
    expect(feed(bytes, stops)).toEqual(expected(bytes, stops));
  }
});

test('any bytes, broken characters too, leave as they would at once', () => {
  const parts = [
    [0x41],
    [0xc3, 0xa9],
    [0xe2, 0x82, 0xac],
    [0xf0, 0x9f, 0x90, 0x88],
    [0xff],
    [0x80],
    [0xe2, 0x82],
    [0xf0, 0x9f],
  ];
  for (let run = 0; run < 3000; run++) {
    const bytes = Buffer.from(Array.from({ length: random(12) }, () => parts[random(parts.length)]).flat());
    expect(feed(bytes, []).text).toBe(bytes.toString('utf8'));
  }
});

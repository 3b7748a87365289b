import { keptOf } from '../../src/mixer/kernel/kernels.js';
import { referenceKernels } from '../../src/mixer/kernel/reference.js';
import { Random, relL2, U } from '../support/mixing.js';
import { SIMD, Workshop } from '../support/workshop.js';

/** Runs a kernel on all implementations over the same random arrays and compares all of them afterwards. */
function compare(
  seed: number,
  n: number,
  sizes: readonly number[],
  gate: number,
  run: (workshop: Workshop, arrays: number[]) => void,
): void {
  const bytes = sizes.reduce((sum, size) => sum + 4 * size + 256, 4096);
  const [reference, ...others] = [referenceKernels, ...SIMD.map(([, kernelsFor]) => kernelsFor)].map(
    (kernelsFor) => {
      const random = new Random(seed);
      const workshop = new Workshop(kernelsFor, n, bytes);
      const arrays = sizes.map((size) => workshop.random(size, random));
      run(workshop, arrays);
      workshop.checkFences();
      return arrays.map((at, k) => workshop.get(at, sizes[k]));
    },
  );
  for (const simd of others) {
    simd.forEach((values, k) => expect(relL2(values, reference[k])).toBeLessThanOrEqual(gate));
  }
}

describe('SIMD kernels and the reference', () => {
  test.each([1, 2, 5])('move rows in and out of %i groups', (groups) => {
    const stride = 3 * 64;
    compare(31, 0, [groups * 16, groups * 48, groups * 16], 0, ({ kernels }, [row, lines, back]) => {
      kernels.scatter(row, lines + 64, stride, groups);
      kernels.pendingRow(lines + 64, back, stride, 0, 0, groups, 0);
    });
  });

  test.each([0, 1, 2, 7, 31])('sum the %i positions before one', (count) => {
    const lines = 16 * (count + 1);
    const gate = U * (1 + Math.sqrt(count));
    compare(30, 0, [3 * lines, 3 * lines, 48], gate, ({ kernels }, [slots, taps, row]) => {
      kernels.pendingRow(slots + count * 64, row, 4 * lines, taps, 4 * lines, 3, count);
    });
    if (count === 0) return;
    compare(30, 0, [3 * lines, 3 * lines, 48], gate, ({ kernels }, [slots, taps, row]) => {
      kernels.stepRow(slots + (count - 1) * 64, row, 4 * lines, taps, 4 * lines, 3, count);
    });
  });

  test.each([0, 1, 2, 255, 256, 257, 1000, 60_000])('stream %i rows', (rows) => {
    const lines = Math.max(1, rows) * 16;
    // Sums of blocks of sums: one running float32 sum of 60,000 terms would be off by some 50 roundoffs.
    const gate = U * (2 + 0.5 * Math.sqrt(Math.min(rows, 256) + rows / 256));
    for (const groups of [1, 2, 3]) {
      const sizes = [groups * lines, groups * lines, groups * 16];
      compare(32, 0, sizes, gate, ({ kernels }, [past, taps, totals]) => {
        kernels.dot(past, taps, 4 * lines, groups, rows, totals);
      });
    }
    compare(37, 0, [4 * lines, 16], 64 * U * Math.sqrt(4 * rows), ({ kernels }, [from, total]) => {
      kernels.readLines(from, 4, rows, total);
    });
    compare(33, 0, [16, lines, lines], U, ({ kernels }, [y, taps, sums]) => {
      kernels.spread(y, taps, sums, rows);
    });
    compare(34, 0, [lines, lines], U, ({ kernels }, [partial, totals]) => {
      kernels.flush(partial, totals, rows);
    });
  });

  test('compute direct tiles of every side, clipped anywhere', () => {
    const random = new Random(35);
    for (let side = 1; side <= 1024; side *= 2) {
      for (const count of new Set([side, 1, random.int(1, side), random.int(1, side)])) {
        const groups = side > 64 ? 1 : 3;
        const stride = 2 * side * 64;
        const sizes = [2 * side * 16 * groups, 2 * side * 16 * groups];
        compare(36, 0, sizes, 4 * U * Math.sqrt(Math.log2(4 * side)), ({ kernels }, [slots, taps]) => {
          kernels.directTile(slots, slots + side * 64, stride, taps, stride, groups, side, count);
        });
      }
    }
  });

  test('compute direct tiles of many more inputs than outputs', () => {
    for (const [rows, side] of [
      [3, 1],
      [6, 2],
      [15, 5],
      [28, 4],
      [112, 16],
      [600, 8],
    ]) {
      for (const count of [1, side]) {
        const lines = (rows + side) * 16;
        compare(35, 0, [2 * lines, 2 * lines], 8 * U, ({ kernels }, [slots, taps]) => {
          kernels.directTile(slots, slots + rows * 64, 4 * lines, taps, 4 * lines, 2, rows, count);
        });
      }
    }
  });

  test.each([2, 3, 4, 5, 6, 7, 8])(
    'compute fan-out tiles of %i children and every side, child by child',
    (children) => {
      const random = new Random(36 + children);
      for (let side = 16; side <= 1024; side *= 2) {
        const kept = children - 1;
        const clipped = random.int(1, side);
        const size = (side + random.int(0, 5)) * 64;
        const inputs = kept * side * 16;
        // Arrays end with the outputs that exist.
        const outputs = inputs - (side - clipped) * 16;
        const spectra = (2 * kept * size) / 4;
        const slots = (2 * keptOf(children) * size) / 4;
        const sizes = [inputs, outputs, children * side * 16, spectra, slots, 2 * side * 16];
        const gate = 4 * U * Math.sqrt(Math.log2(4 * side * kept));
        compare(38, side, sizes, gate, (workshop, arrays) => {
          const { kernels, twiddles, twisted } = workshop;
          const [from, to, taps, filter, own, points] = arrays;
          for (let d = 0; d < kept; d++) {
            kernels.spectrum(taps + d * side * 64, filter + d * size, kept * size, side, twisted, twiddles);
          }
          for (let known = 1; known < children; known++) {
            const count = known === kept ? clipped : side;
            const before = (known - 1) * side * 64;
            kernels.fanTile(
              from + before,
              to + before,
              count,
              side,
              known,
              children,
              own,
              filter,
              size,
              points,
              twisted,
              twiddles,
            );
          }
        });
      }
    },
  );

  test.each([1, 2, 3, 4])('compute delayed tiles of %i children, child by child', (children) => {
    const random = new Random(45 + children);
    for (let side = 16; side <= 1024; side *= 2) {
      const clipped = random.int(1, side);
      const size = (side + random.int(0, 5)) * 64;
      const inputs = children * side * 16;
      // Arrays end with the outputs that exist.
      const outputs = inputs - (side - clipped) * 16;
      const [spectra, filters] = [(2 * (children - 1) * size) / 4, (2 * children * size) / 4];
      const sizes = [inputs, outputs, (children + 1) * side * 16, filters, spectra, 2 * side * 16];
      const gate = 4 * U * Math.sqrt(Math.log2(4 * side * children));
      compare(46, side, sizes, gate, (workshop, arrays) => {
        const { kernels, twiddles, twisted } = workshop;
        const [from, to, taps, filter, own, points] = arrays;
        const half = children * size;
        for (let d = 0; d < children; d++) {
          kernels.spectrum(taps + d * side * 64, filter + d * size, half, side, twisted, twiddles);
        }
        for (let known = 1; known <= children; known++) {
          const count = known === children ? clipped : side;
          const at = (known - 1) * side * 64;
          const [x, z] = [from + at, to + at];
          const places = [own, filter, size, points, twisted, twiddles] as const;
          kernels.delayedTile(x, z, count, side, known, children, ...places);
        }
      });
    }
  });

  test('compute fft tiles of every side, clipped anywhere', () => {
    const random = new Random(37);
    for (let side = 16; side <= 1024; side *= 2) {
      for (const count of new Set([side, 1, random.int(1, side), random.int(1, side)])) {
        // Slots end with the outputs that exist.
        const sizes = [(side + count) * 16, 2 * side * 16, 2 * side * 16, 2 * side * 16];
        compare(38, side, sizes, 4 * U * Math.sqrt(Math.log2(4 * side)), (workshop, arrays) => {
          const { kernels, twiddles, twisted } = workshop;
          const [slots, taps, filter, points] = arrays;
          kernels.spectrum(taps, filter, side * 64, side, twisted, twiddles);
          kernels.fftTile(slots, slots + side * 64, count, side, filter, points, twisted, twiddles);
        });
      }
    }
  });

  test.each([1, 2, 4, 8, 16, 32, 256, 512])('transform %i points', (n) => {
    compare(39, n, [n * 16, n * 16], 2 * U * Math.sqrt(1 + Math.log2(n)), (workshop, [a, b]) => {
      workshop.kernels.forward(a, n, workshop.twiddles);
      workshop.kernels.inverse(b, n, workshop.twiddles);
    });
  });

  test.each([1, 2, 5, 16])('sum %i products of spectra', (count) => {
    const n = 16;
    const size = (n + 3) * 64;
    const spectra = (count * size) / 4;
    compare(41, n, [n * 16, spectra, spectra], 4 * U * Math.sqrt(count), ({ kernels }, [to, x, h]) => {
      kernels.sumProducts(to, n, x, h, size, count);
    });
  });

  test('agree on the halves of a convolution', () => {
    compare(40, 64, [64 * 16, 128 * 16, 128 * 16, 100 * 16], 8 * U, (workshop, arrays) => {
      const { kernels, twiddles, twisted } = workshop;
      const [rows, filter, points, out] = arrays;
      kernels.convolveRows(rows, points, 64, filter, twisted, twiddles);
      kernels.addLower(points, out, 64, 64, twisted);
      kernels.addUpper(points, out + 64 * 64, 36, 64, twisted);
    });
  });
});

const swc = require('@swc/jest');

/**
 * What loops use. In jest's realm a global name is looked up through an interceptor, some 100 ns each time: as
 * constants of its module, on its first line, `Math` costs what it costs in Node.
 */
const NAMES = 'Atomics, Float32Array, Float64Array, Int32Array, Math, Number, Uint8Array, Uint32Array';

const HEAD = `const { ${NAMES} } = globalThis; `;

const withHead = (out) => ({ ...out, code: HEAD + out.code });

module.exports = {
  createTransformer(options) {
    const transformer = swc.createTransformer(options);
    return {
      ...transformer,
      process: (...args) => withHead(transformer.process(...args)),
      processAsync: async (...args) => withHead(await transformer.processAsync(...args)),
      // The head is part of what is cached.
      getCacheKey: (...args) =>
        transformer.getCacheKey(...args) + Buffer.from(NAMES).toString('hex').slice(0, 16),
    };
  },
};

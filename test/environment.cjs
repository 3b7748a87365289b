const { TestEnvironment } = require('jest-environment-node');

/**
 * jest runs tests in a realm of its own, whose typed arrays onnxruntime-node does not recognise
 * as such. This environment hands the outer realm's in.
 */
const shared = [
  'ArrayBuffer', 'SharedArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array', 'Int8Array', 'Int16Array',
  'Int32Array', 'Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'DataView', 'WebAssembly',
];

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of shared) this.global[name] = globalThis[name];
  }
};

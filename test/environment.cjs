const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

// Before ONNX Runtime is loaded, as `loadRuntime` does.
process.env.ORT_DISABLE_TELEMETRY ??= '1';
const { binding } = require('onnxruntime-node/dist/binding');

// What this machine's own user keeps, such as measured costs, is no part of a test: there is no such folder.
process.env.XDG_CACHE_HOME = join(tmpdir(), `flashinf-tests-${process.pid}`);

/**
 * jest gives every test file modules of its own, but a process has one ONNX Runtime: setting it up a second
 * time, for a second file, aborts the process. The native object is the same for all files, so the guard
 * goes there.
 */
if (!binding.initOrtOnce.guarded) {
  const { initOrtOnce } = binding;
  let done = false;
  binding.initOrtOnce = (...options) => {
    if (!done) initOrtOnce(...options);
    done = true;
  };
  binding.initOrtOnce.guarded = true;
}

/**
 * jest runs tests in a realm of its own, whose typed arrays onnxruntime-node does not recognise
 * as such. This environment hands the outer realm's in.
 */
const shared = [
  'ArrayBuffer',
  'SharedArrayBuffer',
  'Uint8Array',
  'Uint16Array',
  'Uint32Array',
  'Int8Array',
  'Int16Array',
  'Int32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
  'DataView',
  'WebAssembly',
];

module.exports = class extends TestEnvironment {
  constructor(config, context) {
    super(config, context);
    for (const name of shared) this.global[name] = globalThis[name];
  }
};

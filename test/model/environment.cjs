const { binding } = require('onnxruntime-node/dist/binding');
const TestEnvironment = require('../environment.cjs');

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

module.exports = TestEnvironment;

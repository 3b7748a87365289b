export default {
  testEnvironment: './test/environment.cjs',
  testTimeout: 60_000,
  // Much of a run is processes that start, and readers that wait; one worker, the default on two cores, would idle with them.
  maxWorkers: 2,
  roots: ['<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  // Sources name their imports as Node will find them (`./x.js`); here they are still TypeScript.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '<rootDir>/test/transform.cjs',
      { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
};

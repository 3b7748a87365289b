export * from './config.js';
export * from './errors.js';
export * from './model.js';
export * from './state.js';
export * from './types.js';

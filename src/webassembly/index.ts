/** What WebAssembly kernels need, whatever they compute: compiled modules, memories, threads that share them. */
export { built } from './built.js';
export { Bump } from './bump.js';
/** @internal */
export { instantiate, type ModuleName, Modules } from './compile.js';
export {
  asleepWord,
  doneWord,
  fail,
  failureOf,
  JOB,
  jobsWord,
  makeControl,
  NEWS,
  SPIN,
  STARTING,
  tell,
  waitWhile,
} from './control.js';
/** @internal */
export { fitsPages, MAXIMUM_PAGES, PAGE, pageBytes, pagesFor, sharedMemory } from './pages.js';
/** @internal */
export { startSupervisor, type Started } from './supervision.js';

#!/usr/bin/env node
// Written so that Node versions too old for the rest of the program still read this file, and can say so.
const NEEDED = [20, 13];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  console.error(
    `error: flashinf needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}`,
  );
  process.exitCode = 1;
} else {
  import('../dist/cli/flashinf.js').then(
    ({ main }) => main(process.argv.slice(2)).then((code) => (process.exitCode = code)),
    (error) => {
      const reason =
        error.code === 'EMFILE' ? 'too many open files: a larger limit (ulimit -n) is needed' : error.stack;
      console.error(`error: ${reason}`);
      process.exitCode = 1;
    },
  );
}

// Writes what is made from the tables of options: the README's section and the manual page. After a build.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { manPage } from '../../dist/cli/docs/man.js';
import { withOptions } from '../../dist/cli/docs/readme.js';
import { VERSION } from '../../dist/cli/version.js';

mkdirSync('man', { recursive: true });
writeFileSync('man/flashinf.1', manPage(VERSION));
writeFileSync('README.md', withOptions(readFileSync('README.md', 'utf8')));

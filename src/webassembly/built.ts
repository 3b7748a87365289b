/**
 * Where a file of the build is: the same place seen from src/, from dist/, and from the files that scripts/build/bundle.js
 * makes, all of which stand two folders deep.
 */
export const built = (name: string): URL => new URL(`../../dist/${name}`, import.meta.url);

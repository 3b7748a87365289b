/**
 * Which folder may import which: imports run down only, and a folder is entered by its index. `npm run lint` checks it.
 *
 * A rank may import the ranks below it. Folders of one rank do not import each other. src/index.ts, the library, is above
 * them all, and names files: the types of the package are then those files' alone.
 */
const ranks = [
  ['cli'],
  ['bench', 'evaluation'],
  ['generation'],
  ['model', 'checkpoint'],
  ['mixer', 'bundle'],
  ['hyena'],
  ['layers', 'dense'],
  ['onnx', 'container', 'text'],
  ['format', 'webassembly'],
];

/** The same within src/mixer. Its face, the files in the folder itself, imports them all. */
const mixerRanks = [
  ['thread', 'tune', 'framework'],
  ['engine'],
  ['memory'],
  ['plan'],
  ['schedule'],
  ['kernel'],
];

/** Files that every rank of src/mixer may import: the words that all of them use. */
const MIXER_WORDS = '^src/mixer/(shape|modes)\\.ts$';

/** What a rank must not import: the ranks above it, and its neighbours. */
function downOnly(within, levels, exceptions) {
  return levels.flatMap((folders, level) =>
    folders.map((folder) => {
      const forbidden = levels
        .slice(0, level + 1)
        .flat()
        .filter((other) => other !== folder);
      return {
        name: `${folder} imports down only`,
        severity: 'error',
        from: { path: `^${within}/${folder}/` },
        to: { path: [`^${within}/(${[...forbidden, '[^/]+\\.ts$'].join('|')})`], ...exceptions },
      };
    }),
  );
}

const rooms = (within, levels) => `^${within}/(${levels.flat().join('|')})/`;

export default {
  forbidden: [
    ...downOnly('src', ranks),
    ...downOnly('src/mixer', mixerRanks, { pathNot: MIXER_WORDS }),
    {
      name: 'a folder is entered by its index',
      comment: 'What others need belongs into the index; what is not there is nobody else’s.',
      severity: 'error',
      from: { path: rooms('src', ranks) },
      to: { path: rooms('src', ranks), pathNot: ['^src/$1/', '^src/[^/]+/index\\.ts$'] },
    },
    {
      name: 'a folder of the mixer is entered by its index',
      severity: 'error',
      from: { path: '^src/mixer/([^/]+)' },
      to: {
        path: rooms('src/mixer', mixerRanks),
        pathNot: ['^src/mixer/$1/', '^src/mixer/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'no circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/.+/assembly/' },
    tsConfig: { fileName: new URL('tsconfig.json', import.meta.url).pathname },
    tsPreCompilationDeps: true,
  },
};

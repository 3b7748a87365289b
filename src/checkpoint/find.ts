/** Finds the model in a checkpoint: which of its dictionaries of tensors, and which names in that. */
import type { Checkpoint } from '../container/index.js';
import { BundleError } from '../format/index.js';
import { ARCHITECTURES, type Architecture, type Found } from './architecture.js';
import { UnwrappedSource } from './unwrapped.js';

export interface FoundModel extends Found {
  readonly architecture: Architecture;
  /** Tensors of the same dictionary that are no part of the model. */
  readonly leftOut: readonly string[];
  /** Other places of the file that hold tensors. */
  readonly elsewhere: readonly string[];
}

interface Candidate extends Found {
  readonly architecture: Architecture;
  /** Where the dictionary lies in the file. */
  readonly path: string;
  /** The stem as the file has it, wrappers and all. */
  readonly given: string;
}

/**
 * @param stem which of several models: what its names begin with, in the file or without wrappers, or the end of
 *   the keys that lead there and that. Throws BundleError where there is none, or more than one.
 */
export function findModel(checkpoint: Checkpoint, stem?: string): FoundModel {
  const candidates = candidatesOf(checkpoint);
  const chosen = stem === undefined ? candidates : matching(candidates, stem);
  if (chosen.length !== 1) {
    const all = candidates.map(labelOf).join(' and ');
    const got = chosen.length === 0 && candidates.length > 0 ? `only ${all}` : all || nothingOf(checkpoint);
    const expected =
      stem !== undefined
        ? `a model under ${stem} (--stem)`
        : candidates.length > 1
          ? 'one model, or its prefix with --stem'
          : ARCHITECTURES.map(({ name, landmark }) => `a ${name} language model, with …${landmark}`).join(
              ' or ',
            );
    throw new BundleError({ file: checkpoint.file, expected, got });
  }
  const [{ architecture, source, stem: own, path }] = chosen;
  const outside = [...source.tensors.keys()].filter((name) => !name.startsWith(own));
  return {
    architecture,
    source,
    stem: own,
    leftOut: outside.filter((name) => !architecture.owns(name, own)),
    elsewhere: siblings(path, [...checkpoint.dictionaries.keys()]),
  };
}

function candidatesOf({ dictionaries }: Checkpoint): Candidate[] {
  return [...dictionaries].flatMap(([path, dictionary]) => {
    const source = new UnwrappedSource(dictionary);
    return ARCHITECTURES.flatMap((architecture) =>
      architecture.detect(source.tensors.keys()).map((stem) => {
        const { landmark } = architecture;
        const given = source.givenName(stem + landmark).slice(0, -landmark.length);
        return { architecture, source, stem, path, given };
      }),
    );
  });
}

function labelOf({ path, given }: Candidate): string {
  const label = path === '' ? given : `${path}.${given}`;
  return label === '' ? '(no prefix)' : label;
}

/** Those that a prefix stands for: exactly, if there are any, else by the end of what leads to them. */
function matching(candidates: readonly Candidate[], wanted: string): Candidate[] {
  const prefix = wanted === '' || wanted.endsWith('.') ? wanted : `${wanted}.`;
  const exact = candidates.filter((candidate) =>
    [candidate.given, candidate.stem, labelOf(candidate)].includes(prefix),
  );
  if (exact.length > 0) return exact;
  return candidates.filter((candidate) => `.${labelOf(candidate)}`.endsWith(`.${prefix}`));
}

/** Keys beside those that lead to a dictionary, of whatever else holds tensors. */
function siblings(path: string, all: readonly string[]): string[] {
  const own = path.split('.');
  const keys = all
    .filter((other) => other !== path && !path.startsWith(`${other}.`) && other !== '')
    .map((other) => {
      const parts = other.split('.');
      const shared = path === '' ? 0 : parts.findIndex((part, i) => part !== own[i]);
      return parts.slice(0, shared + 1).join('.');
    });
  return [...new Set(keys)];
}

function nothingOf({ dictionaries }: Checkpoint): string {
  const names = [...dictionaries.values()].flatMap(({ tensors }) => [...tensors.keys()]);
  return names.length === 0 ? 'no tensors' : `${names.length} others, such as ${names[0]}`;
}

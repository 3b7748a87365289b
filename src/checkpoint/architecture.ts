/** The kinds of models that checkpoints are read for. */
import type { FilterDimensions, ModelDimensions, TensorNames, TokenizerReference } from '../bundle/index.js';
import type { Checkpoint } from '../container/index.js';
import type { Json } from '../format/index.js';
import type { Values } from '../hyena/index.js';
import type { Conventions } from './hyena/conventions.js';
import { HYENA } from './hyena/index.js';
import { STRIPED_HYENA } from './striped-hyena/index.js';
import type { UnwrappedSource } from './unwrapped.js';

/** A model found in a checkpoint. */
export interface Found {
  readonly source: UnwrappedSource;
  /** What the names of its tensors begin with. */
  readonly stem: string;
}

/** What the dimensions of a model may hang on besides the shapes of its tensors. */
export interface Hints {
  readonly checkpoint: Checkpoint;
  /** A config.json: that given, or the one beside the weights. */
  readonly config?: { readonly json: Json; readonly file: string } | undefined;
  /** Settings by hand, which come before all else. */
  readonly chosen: Choices;
  /** Tensors of the same dictionary that are no part of the model. */
  readonly leftOut: readonly string[];
  /** Takes what was taken for granted. */
  readonly notes: string[];
}

/** Settings by hand. */
export interface Choices extends Partial<Conventions> {
  /** Of a model with rotations: what positions are divided by. */
  readonly ropeScale?: number;
  /** Read a model that was trained in 8-bit floats, and is not the same without. */
  readonly withoutFp8?: boolean;
}

/** A model as a checkpoint has it, checked to be all there and none too much; values are read when they are asked for. */
export interface ReadModel {
  readonly model: ModelDimensions;
  readonly filter?: FilterDimensions;
  /** The names as the file has them, for models that can be exported to these. */
  readonly names?: TensorNames;
  readonly family: string;
  /** What people call this way of naming tensors. */
  readonly dialect: string;
  /** Where there is a head: its own name, tied or not. */
  readonly head?: string;
  /** Whether the head is a matrix of its own. */
  readonly headed: boolean;
  /** The tensors of the bundle by name. */
  readonly values: ReadonlyMap<string, Values>;
  /** What models of this family take where there is no tokenizer.json. Left out: to be guessed by the vocabulary. */
  readonly tokenizer?: TokenizerReference['kind'] | undefined;
}

/** A setting by hand that means nothing for the model in the checkpoint. */
export class ChoiceError extends Error {
  override readonly name = 'ChoiceError';

  /** @param model what kind it is of */
  constructor(
    readonly choice: keyof Choices,
    readonly model: string,
  ) {
    super(`${choice} means nothing for a ${model} model`);
  }
}

/** One entry for each kind of model; what differs between them lies below these functions. */
export interface Architecture {
  readonly name: string;
  /** A tensor that every model of this kind has, below its stem; for messages. */
  readonly landmark: string;
  /** Settings by hand that mean something for models of this kind. */
  readonly choices: readonly (keyof Choices)[];
  /** The stems of the models of this kind among these names. */
  detect(names: Iterable<string>): string[];
  /** Whether a tensor outside of the stem is part of the model: its head. */
  owns(name: string, stem: string): boolean;
  /** The model. Throws BundleError where a tensor is missing, of another shape or one too many, and for what cannot be computed. */
  read(found: Found, hints: Hints): ReadModel;
}

export const ARCHITECTURES: readonly Architecture[] = [HYENA, STRIPED_HYENA];

/** Throws a ChoiceError for a setting by hand that means nothing for this kind of model. */
export function checkChoices({ name, choices }: Architecture, given: Choices): void {
  const foreign = ARCHITECTURES.flatMap((other) => other.choices).find(
    (choice) => given[choice] !== undefined && !choices.includes(choice),
  );
  if (foreign !== undefined) throw new ChoiceError(foreign, name);
}

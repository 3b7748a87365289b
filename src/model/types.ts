/** The model as the rest of the program sees it: what goes in, what comes out, who owns the arrays. */
import type { KeyValueType, LayerPart } from '../layers/index.js';
import type { DataDependentFilter, ImplicitFilters, ImplicitShape, Lags, Mixer } from '../mixer/index.js';
import type { BundleConfig } from '../bundle/index.js';
import type { Progress } from '../format/index.js';
import type { StepState } from './state.js';

/** Where dense layers run. */
export type Device = 'cpu' | 'cuda' | 'webgpu';
/** `auto` takes CUDA where its provider is installed and works, else the CPU. */
export type DeviceChoice = 'auto' | Device;

/** How a model is opened. */
export interface OpenOptions {
  /** CPU threads of the prompt's dense layers. Never changes a result. Default 1. */
  readonly threads?: number;
  /** Sequences that are going to be stepped side by side; several are worth a second thread. Default 1. */
  readonly batch?: number;
  /**
   * How attention keeps the keys and values of all positions: float16 takes half the memory, and rounds each to 11 bits. Default:
   * float32.
   */
  readonly keyValues?: KeyValueType;
  /** Where the dense layers run. `auto` takes CUDA where its provider library is installed. Default `auto`. */
  readonly device?: DeviceChoice;
}

export type { Progress };

/**
 * What a convolution of the online mixer starts from. Both arrays are overwritten after the call they are handed to: copy what
 * you keep.
 */
export interface ConvolutionStart {
  /** What goes into the convolution, y, `[prompt, width]`. */
  readonly inputs: Float32Array;
  /** What the prompt adds to the positions to generate, `[generateLength, width]`. */
  readonly pending: Float32Array;
}

/** What `LanguageModel.prefill` takes. */
export interface PrefillOptions {
  /**
   * Called once per convolution, in order, as soon as its start is known, so that nobody holds all of them
   * twice. Left out, the filter's start and the pending sums are not computed.
   */
  readonly onConvolution?: ((convolution: number, start: ConvolutionStart) => void) | undefined;
  readonly onProgress?: Progress | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What a prompt leaves behind, the convolutions aside. */
export interface Prefilled {
  /** After the last prompt token, `[vocabulary]`. */
  readonly logits: Float32Array;
  /** The state after the prompt; the next `step` continues it. */
  readonly state: StepState;
}

/** What `LanguageModel.score` and `logits` take. */
export interface ScoreOptions {
  readonly onProgress?: Progress | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Compute token by token through this mixer, as generation does, instead of offline. It must be fresh, with
   * filters set and room for every token.
   */
  readonly stepwise?: Mixer | undefined;
}

/** Consecutive rows of a scored text. The arrays are overwritten by the next chunk: copy what you keep. */
export interface LogitsChunk {
  /** Position of the first row. */
  readonly start: number;
  readonly rows: number;
  /** Row t predicts token `start + t + 1`: `[rows, vocabulary]`. */
  readonly logits: Float32Array;
  /** The normalised state the head reads, `[rows, width]`. */
  readonly hidden: Float32Array;
}

/** A value inside of a model without long convolutions. */
export interface Inside {
  /** Which layer, from 0. */
  readonly layer: number;
  readonly part: LayerPart;
}

/** What a sequence that is known in advance can be computed with. */
export interface SequenceOptions {
  readonly onProgress?: Progress | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Hidden states of consecutive rows. The array is overwritten by the next chunk: copy what you keep. */
export interface HiddenChunk {
  /** Position of the first row. */
  readonly start: number;
  readonly rows: number;
  /** `[rows, width]`. */
  readonly hidden: Float32Array;
}

/**
 * Whole sequences, one after another. What is made for one, the next finds: the filters' spectra, and whatever follows from
 * the tokens that it begins with like the one before. Results are what each alone gives, to the bit. One call at a time.
 */
export interface Sequences {
  /** Natural-log probability of ids[t + 1] given ids[0 .. t], for t = 0 .. ids.length - 2. */
  score(ids: ArrayLike<number>, options?: SequenceOptions): Promise<Float64Array>;
  /**
   * What `layer` layers make of every position, 0 being the embeddings; after all of them, normalised as the head reads it. Or
   * a value inside. Throws a RangeError where there is none such.
   */
  hidden(
    ids: ArrayLike<number>,
    layer: number | Inside,
    options?: SequenceOptions,
  ): AsyncIterable<HiddenChunk>;
}

/** What a step computes. Overwritten by the next step of the same state. */
export interface StepResult {
  /** `[batch, vocabulary]`. */
  readonly logits: Float32Array;
  /** The convolutions' inputs at this position, `[convolution, batch, width]`. */
  readonly y: Float32Array;
  /** The normalised state the head reads, `[batch, width]`, of states that were started with it. */
  readonly hidden?: Float32Array;
}

/** What a bundle holds under a name. */
export interface StoredTensor {
  /** As safetensors names it. */
  readonly dtype: string;
  readonly dims: readonly number[];
}

/** The dense part of a language model: everything but the long convolutions between its steps. */
export interface LanguageModel {
  readonly config: BundleConfig;
  /** The bundle's directory. */
  readonly directory: string;
  /** The stored weights by name. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The content of the tokenizer's file, as it was checked; undefined where it needs none. */
  readonly tokenizerFile?: Uint8Array | undefined;
  /** The device in use. */
  readonly device: Device;
  /** Why it is the CPU, where a device's provider is installed and does not work. */
  readonly fallback?: string | undefined;
  /** Long convolutions, over all layers: layers x (order - 1); those with filters that depend on the data count twice. */
  readonly convolutions: number;
  /** What their filters are, if not long ones with taps of their own: what a mixer has to be made for. */
  readonly filter?: DataDependentFilter | undefined;
  /** Hex SHA-256 over the bundle's file hashes: changes whenever anything in the model does. */
  readonly id: string;

  /** Bytes that a sequence of so many tokens carries beside what a mixer holds: states, keys and values. */
  stateBytes(tokens: number): number;
  /**
   * A state at position 0, for `batch` sequences side by side. `hidden`: its steps also give what the head
   * reads. Throws a BundleError if the bundle is of a version that does not hand that out.
   */
  start(batch?: number, options?: { readonly hidden?: boolean }): StepState;
  /**
   * One token of each sequence through the whole model, with the sums in `state.pending`. The result's arrays belong to
   * `state` and are overwritten by its next step.
   */
  step(state: StepState, tokens: number | ArrayLike<number>): Promise<StepResult>;
  /** What a mixer is to be made for, to evaluate `taps` in its memory, where they are those of implicit filters. */
  readonly implicit?: ImplicitShape;
  /**
   * Taps `start` (default 0) ... `end` - 1 of a convolution's filter, `[tap, width]`, tap 0 with the skip weight folded in.
   * `end` <= context. The same numbers, whatever is asked for. They are evaluated in the memory that these filters are in;
   * default: one of the model's own.
   */
  taps(convolution: number, end: number, start?: number, filters?: ImplicitFilters): Promise<Float32Array>;
  /** What all implicit filters know of lags, where they know the same: what `Mixer.growFilters` takes. */
  lags?(start: number, end: number): Lags | undefined;
  /**
   * The prompt at once, quasilinearly. Afterwards generation is a fresh online convolution of `generateLength` positions,
   * and nothing that grows with the prompt is kept; or with `generateLength` 0, the prompt's inputs are filled into a mixer.
   */
  prefill(ids: ArrayLike<number>, generateLength: number, options?: PrefillOptions): Promise<Prefilled>;
  /** Natural-log probability of ids[t + 1] given ids[0 .. t], for t = 0 .. ids.length - 2. */
  score(ids: ArrayLike<number>, options?: ScoreOptions): Promise<Float64Array>;
  /** Logits and head inputs of every position, a chunk of rows at a time: one row where it goes stepwise. */
  logits(ids: ArrayLike<number>, options?: ScoreOptions): AsyncIterable<LogitsChunk>;
  /** For many sequences, one after another. What they share takes up to 1.5 GiB, until it is collected. */
  sequences(): Sequences;
  /** Releases the sessions. The model cannot be used afterwards. */
  close(): Promise<void>;
}

/** A builder of ONNX graphs: add nodes in the order of execution, name what comes out, encode. */
import { Message } from './protobuf.js';
import { elements, type Packing, type TensorPlace, type TensorTable } from './tensors.js';

/** The name of a tensor inside the graph. */
export type Value = string;

/** A size, or the name of a size that is free. */
export type Dim = number | string;

export type ElementType = 'float32' | 'float16' | 'int64';

export type Attribute = number | readonly number[] | string;

export interface NodeOptions {
  /** Integer, integer-list and string attributes. */
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Floating-point attributes, apart because JavaScript cannot tell 1.0 from 1. */
  readonly floats?: Readonly<Record<string, number>>;
  /** Operator set; the standard one when left out. */
  readonly domain?: typeof CONTRIB;
}

/** ONNX Runtime's own operators. */
export const CONTRIB = 'com.microsoft';

/** ONNX IR version 9 came with operator set 20, which has the tanh form of Gelu. */
const IR_VERSION = 9;
const OPSET = 20;
const CONTRIB_OPSET = 1;

/** TensorProto.DataType. */
const ELEMENT = { float32: 1, int64: 7, float16: 10 } as const;
/** TensorProto.DataType by the name of a stored type. */
const STORED: Readonly<Record<TensorPlace['dtype'], number>> = { F32: ELEMENT.float32, U8: 2 };
/** AttributeProto.AttributeType. */
const FLOAT = 1;
const INT = 2;
const STRING = 3;
const INTS = 7;
/** TensorProto.DataLocation. */
const EXTERNAL = 1;

export class GraphBuilder {
  private readonly nodes: Message[] = [];
  private readonly inputs: Message[] = [];
  private readonly outputs: Message[] = [];
  private readonly initializers = new Map<string, Message>();
  private count = 0;

  constructor(
    readonly name: string,
    private readonly table: TensorTable,
  ) {}

  input(name: string, type: ElementType, dims: readonly Dim[]): Value {
    this.inputs.push(valueInfo(name, type, dims));
    return name;
  }

  /** Names `value` as an output of the graph; it must be the result of a node. */
  output(name: string, type: ElementType, dims: readonly Dim[]): void {
    this.outputs.push(valueInfo(name, type, dims));
  }

  /** Whether there is a weight of this name. */
  has(name: string): boolean {
    return this.table.has(name);
  }

  /**
   * A weight, brought into the graph once however often it is asked for; or element `row` of its first axis. The values
   * stay in the file that the table names.
   */
  weight(name: string, row?: number): Value {
    const whole = this.placeOf(name);
    const value = row === undefined ? name : `${name}.${row}`;
    if (!this.initializers.has(value)) {
      this.initializers.set(value, external(value, row === undefined ? whole : rowOf(name, whole, row)));
    }
    return value;
  }

  /** The same values in another shape. */
  reshaped(name: string, dims: readonly number[]): Value {
    const place = this.placeOf(name);
    const value = `${name}.${dims.join('x')}`;
    if (elements(dims) !== elements(place.dims))
      throw new RangeError(`${name} has no such shape as ${value}`);
    if (!this.initializers.has(value)) this.initializers.set(value, external(value, { ...place, dims }));
    return value;
  }

  /** How the values of a weight are packed; undefined where they are float32. */
  packing(name: string): Packing | undefined {
    return this.placeOf(name).packing;
  }

  /** The shape in which a weight is stored. */
  dims(name: string): readonly number[] {
    return this.placeOf(name).dims;
  }

  /** A list of int64, kept inside the graph: axes and bounds. */
  constant(values: readonly number[]): Value {
    const raw = new BigInt64Array(values.map((value) => BigInt(value)));
    return this.inline(`list_${values.join('_')}`, [values.length], 'int64', new Uint8Array(raw.buffer));
  }

  /** A float32 scalar, kept inside the graph. */
  scalar(value: number): Value {
    const raw = new Float32Array([value]);
    return this.inline(`scalar_${value}`, [], 'float32', new Uint8Array(raw.buffer));
  }

  /** `value` as another type. */
  cast(value: Value, type: ElementType, result?: Value): Value {
    return this.node('Cast', [value], { attributes: { to: ELEMENT[type] } }, result);
  }

  /** A node with one result, named `result` or afresh. An empty input name leaves an optional input out. */
  node(op: string, inputs: readonly Value[], options: NodeOptions = {}, result?: Value): Value {
    return this.nodeOf(op, inputs, [result ?? this.fresh(op)], options)[0];
  }

  /** A node with several results; an empty name leaves an optional one out. */
  nodeOf(
    op: string,
    inputs: readonly Value[],
    results: readonly Value[],
    options: NodeOptions = {},
  ): readonly Value[] {
    const node = new Message();
    for (const input of inputs) node.string(1, input);
    for (const result of results) node.string(2, result);
    node.string(3, `${op}_${this.nodes.length}`).string(4, op);
    for (const [name, value] of Object.entries(options.attributes ?? {})) {
      node.message(5, attribute(name, value));
    }
    for (const [name, value] of Object.entries(options.floats ?? {})) {
      node.message(5, new Message().string(1, name).float(2, value).int(20, FLOAT));
    }
    if (options.domain !== undefined) node.string(7, options.domain);
    this.nodes.push(node);
    return results;
  }

  /** A name no other value has. */
  fresh(stem: string): Value {
    this.count += 1;
    return `${stem}_${this.count}`;
  }

  private placeOf(name: string): TensorPlace {
    const place = this.table.get(name);
    if (place === undefined) throw new RangeError(`${this.name}: no weight is named ${name}`);
    return place;
  }

  private inline(name: string, dims: readonly number[], type: ElementType, raw: Uint8Array): Value {
    const tensor = new Message();
    for (const dim of dims) tensor.int(1, dim);
    this.initializers.set(name, tensor.int(2, ELEMENT[type]).string(8, name).bytes(9, raw));
    return name;
  }

  /** The graph as the bytes of an .onnx file. */
  encode(): Uint8Array {
    const graph = new Message();
    for (const node of this.nodes) graph.message(1, node);
    graph.string(2, this.name);
    for (const initializer of this.initializers.values()) graph.message(5, initializer);
    for (const input of this.inputs) graph.message(11, input);
    for (const output of this.outputs) graph.message(12, output);
    return new Message()
      .int(1, IR_VERSION)
      .string(2, 'flashinf')
      .message(7, graph)
      .message(8, new Message().string(1, '').int(2, OPSET))
      .message(8, new Message().string(1, CONTRIB).int(2, CONTRIB_OPSET))
      .encode();
  }
}

function valueInfo(name: string, type: ElementType, dims: readonly Dim[]): Message {
  const shape = new Message();
  for (const dim of dims) {
    shape.message(1, typeof dim === 'number' ? new Message().int(1, dim) : new Message().string(2, dim));
  }
  const tensor = new Message().int(1, ELEMENT[type]).message(2, shape);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** Element `row` of the first axis of a tensor. */
function rowOf(name: string, { dims, bytes, offset, ...rest }: TensorPlace, row: number): TensorPlace {
  const [rows, ...inner] = dims;
  if (!(row >= 0 && row < rows)) throw new RangeError(`${name} has no row ${row}`);
  const size = bytes / rows;
  return { ...rest, dims: inner, offset: offset + row * size, bytes: size };
}

function external(name: string, place: TensorPlace): Message {
  const tensor = new Message();
  for (const dim of place.dims) tensor.int(1, dim);
  tensor.int(2, STORED[place.dtype]).string(8, name);
  const entries = { location: place.file, offset: String(place.offset), length: String(place.bytes) };
  for (const [key, value] of Object.entries(entries)) {
    tensor.message(13, new Message().string(1, key).string(2, value));
  }
  return tensor.int(14, EXTERNAL);
}

function attribute(name: string, value: Attribute): Message {
  const message = new Message().string(1, name);
  if (typeof value === 'string') return message.string(4, value).int(20, STRING);
  if (typeof value === 'number') return message.int(3, value).int(20, INT);
  for (const item of value) message.int(8, item);
  return message.int(20, INTS);
}

/**
 * Convolutions whose filters are sums of exponentials, `h[k] = Re sum over m of R[m] q[m]^k`: a state per mode,
 * `s[t] = q s[t - 1] + u[t]`, has all that they need of the past, and `c[t] = Re sum over m of R[m] s[t]`.
 */
import type { GraphBuilder, Value } from '../onnx/index.js';
import type { ModalSpec } from './dimensions.js';
import type { LayerState } from './state.js';
import { sumRows } from './sum.js';

/** A real number's only part, or a complex one's two. */
type Parts = readonly Value[];

const partsOf = ({ complex }: ModalSpec): readonly string[] => (complex ? ['re', 'im'] : ['re']);

export function modalState(name: string, spec: ModalSpec, width: number): readonly LayerState[] {
  return partsOf(spec).map((part) => ({ name: `${name}.${part}`, dims: [1, spec.modes, width], past: 1 }));
}

/**
 * The weights are `NAME.poles.re`, `NAME.residues.re` (and `.im`) `[mode, channel]`, and `NAME.skip` `[channel]`, which u itself is
 * multiplied with.
 *
 * @param u `[lane, time, channel]`
 * @param rows the most rows that there will be
 */
export function convolveModes(
  g: GraphBuilder,
  name: string,
  spec: ModalSpec,
  width: number,
  u: Value,
  rows: number,
): Value {
  const { modes } = spec;
  const parts = partsOf(spec);
  const weights = (what: string): Parts => parts.map((part) => g.weight(`${name}.${what}.${part}`));
  const poles = weights('poles');
  const before = parts.map((part) => g.input(`${name}.${part}_1`, 'float32', ['lane', 1, modes, width]));
  const input = g.node('Unsqueeze', [u, g.constant([2])]);
  const states =
    rows === 1 ? addReal(g, multiply(g, poles, before), input) : scan(g, spec, poles, before, input, rows);
  parts.forEach((part, i) => {
    const result = `${name}.${part}_0`;
    if (rows === 1) g.node('Identity', [states[i]], {}, result);
    else slice(g, states[i], -1, Number.MAX_SAFE_INTEGER, result);
    g.output(result, 'float32', ['lane', 1, modes, width]);
  });
  const [re, im] = weights('residues').map((residue, i) => g.node('Mul', [residue, states[i]]));
  const terms = im === undefined ? re : g.node('Sub', [re, im]);
  const sum = g.node('Squeeze', [sumRows(g, terms, modes), g.constant([2])]);
  return g.node('Add', [sum, g.node('Mul', [u, g.weight(`${name}.skip`)])]);
}

/**
 * The states after each of several inputs, `[lane, time, mode, channel]`. With what was before them as row 0, rows that are
 * sums over 2^j inputs become sums over 2^(j + 1): `s[t] += q^(2^j) s[t - 2^j]`.
 */
function scan(
  g: GraphBuilder,
  { modes }: ModalSpec,
  poles: Parts,
  before: Parts,
  input: Value,
  rows: number,
): Parts {
  const spread = g.node('Expand', [input, g.constant([1, 1, modes, 1])]);
  const inputs = before.length === 1 ? [spread] : [spread, g.node('Mul', [spread, g.scalar(0)])];
  let states: Parts = before.map((first, i) =>
    g.node('Concat', [first, inputs[i]], { attributes: { axis: 1 } }),
  );
  let power = poles;
  for (let reach = 1; reach <= rows; reach *= 2) {
    const earlier = states.map((state) => {
      const padded = g.node('Pad', [state, g.constant([0, reach, 0, 0, 0, 0, 0, 0])]);
      return slice(g, padded, 0, -reach);
    });
    const added = multiply(g, power, earlier);
    states = states.map((state, i) => g.node('Add', [state, added[i]]));
    power = multiply(g, power, power);
  }
  return states.map((state) => slice(g, state, 1, Number.MAX_SAFE_INTEGER));
}

/** Rows `start` to `end`. */
function slice(g: GraphBuilder, value: Value, start: number, end: number, result?: Value): Value {
  return g.node('Slice', [value, g.constant([start]), g.constant([end]), g.constant([1])], {}, result);
}

function addReal(g: GraphBuilder, [re, ...im]: Parts, real: Value): Parts {
  return [g.node('Add', [re, real]), ...im];
}

function multiply(g: GraphBuilder, [a, b]: Parts, [c, d]: Parts): Parts {
  const times = (x: Value, y: Value): Value => g.node('Mul', [x, y]);
  if (b === undefined || d === undefined) return [times(a, c)];
  return [g.node('Sub', [times(a, c), times(b, d)]), g.node('Add', [times(a, d), times(b, c)])];
}

/**
 * Faults of the kinds that have been made in programs like this one, each as a replacement of one piece of source, with the
 * tests that should notice.
 */

/**
 * @typedef {object} Fault
 * @property {string} name what is wrong
 * @property {string} file
 * @property {string} from a piece of the file that stands in it once
 * @property {string} to what the fault makes of it
 * @property {string[]} tests paths or patterns of test files
 */

/** @type {readonly Fault[]} */
export const FAULTS = [
  {
    name: 'twiddles by a recurrence in float32',
    file: 'src/mixer/kernel/twiddles.ts',
    from: `        floats[at++] = Math.cos(angle);
        floats[at++] = Math.sin(angle);
      }
    }
  }
}

/** The same with the twist`,
    to: `        const [c, s] = j < 2 ? [Math.cos(angle), Math.sin(angle)] : next(floats, at, size, m);
        floats[at++] = c;
        floats[at++] = s;
      }
    }
  }
}

function next(floats: Float32Array, at: number, size: number, m: number): [number, number] {
  const [a, b] = [floats[at - 4], floats[at - 3]];
  const step = (-2 * Math.PI * m) / size;
  const [c, s] = [Math.fround(Math.cos(step)), Math.fround(Math.sin(step))];
  return [a * c - b * s, a * s + b * c];
}

/** The same with the twist`,
    tests: ['test/mixer/transform'],
  },
  {
    name: 'a tile whose inputs begin one too late',
    file: 'src/mixer/schedule/tiling.ts',
    from: 'inputs: { from: known - inputsAfter(known, levels[level]), to: known },',
    to: 'inputs: { from: known - inputsAfter(known, levels[level]) + (level > 1 ? 1 : 0), to: known },',
    tests: ['test/mixer/schedule'],
  },
  {
    name: 'the last tile dropped',
    file: 'src/mixer/schedule/tiling.ts',
    from: 'if (known < 1 || known >= length) return undefined;',
    to: 'if (known < 1 || known >= length - 1) return undefined;',
    tests: ['test/mixer/schedule'],
  },
  {
    name: 'an odd output block without its second input block',
    file: 'src/mixer/schedule/flat.ts',
    from: 'return (known / side) % 2 === 0 ? 2 * side : side;',
    to: 'return side;',
    tests: ['test/mixer/schedule', 'test/mixer/stages'],
  },
  {
    name: 'taps counted too few',
    file: 'src/mixer/schedule/index.ts',
    from: '(known < 2 * side ? 3 : 4) * side',
    to: '3 * side',
    tests: ['test/mixer/schedule', 'test/mixer/plan', 'test/mixer/layout'],
  },
  {
    name: "the filter's own tap left out of a step",
    file: 'src/layers/hyena.ts',
    from: "z = g.node('Add', [own, pending[inputs.length]]);",
    to: "z = g.node('Add', [g.node('Sub', [own, own]), pending[inputs.length]]);",
    tests: ['test/model/model', 'test/layers'],
  },
  {
    name: 'gates swapped',
    file: 'src/layers/hyena.ts',
    from: 'return { gates: names.slice(0, -1), v: names[order] };',
    to: 'return { gates: names.slice(1), v: names[0] };',
    tests: ['test/model/model', 'test/layers'],
  },
  {
    name: "the short convolution's past inputs the wrong way round",
    file: 'src/layers/hyena.ts',
    from: "g.node('Mul', [older, g.weight('short.past2')]),",
    to: "g.node('Mul', [older, g.weight('short.past1')]),",
    tests: ['test/model/model', 'test/layers'],
  },
  {
    name: 'hashes of weights not checked',
    file: 'src/bundle/weights-file.ts',
    from: "if (got !== sha256) throw new BundleError({ file, field: 'sha256', expected: sha256, got });",
    to: '',
    tests: ['test/bundle'],
  },
  {
    name: 'weights that are no numbers taken',
    file: 'src/bundle/weights-file.ts',
    from: 'if ((bits[i] & 0x7f800000) !== 0x7f800000) continue;',
    to: 'if (bits.length > 0) continue;',
    tests: ['test/bundle'],
  },
  {
    name: 'logits that are no numbers drawn from',
    file: 'src/generation/sampler.ts',
    from: 'if (best !== undefined && Number.isFinite(logits[best])) return;',
    to: 'if (best !== undefined) return;',
    tests: ['test/generation/sampler'],
  },
  {
    name: 'a token more in the nucleus',
    file: 'src/generation/sampler.ts',
    from: 'if (sum >= wanted) return ids.subarray(0, k + 1);',
    to: 'if (sum >= wanted) return ids.subarray(0, k + 2);',
    tests: ['test/generation/sampler'],
  },
  {
    name: "states' temporary files opened through links",
    file: 'src/format/replace-file.ts',
    from: `  const temporary = temporaryFor(target);
  const descriptor = openSync(temporary, 'wx', 0o600);`,
    to: `  const temporary = join(dirname(target), \`.flashinf-\${nameOf(target)}\`);
  const descriptor = openSync(temporary, 'w', 0o600);`,
    tests: ['test/generation/state-file', 'test/format', 'test/cli/outputs'],
  },
  {
    name: 'what is no regular file replaced',
    file: 'src/format/replace-file.ts',
    from: "if (!statSync(target).isFile()) throw new ReplaceError('not a regular file');",
    to: '',
    tests: ['test/cli/outputs', 'test/generation/state-file', 'test/checkpoint/export'],
  },
  {
    name: 'no bound on what a file may hold in memory',
    file: 'src/format/budget.ts',
    from: 'if (this.left < 0) this.exceeded(`${MOST / 2 ** 20} MiB`);',
    to: 'if (this.left < -Infinity) this.exceeded(`${MOST / 2 ** 20} MiB`);',
    tests: ['test/format', 'test/container', 'test/checkpoint/kinds'],
  },
  {
    name: 'a signal swallowed',
    file: 'src/cli/main.ts',
    from: '  if (interrupted) die(interrupted);\n  return',
    to: '  return',
    tests: ['test/cli/signals'],
  },
  {
    name: 'telemetry left on',
    file: 'src/model/session.ts',
    from: "process.env['ORT_DISABLE_TELEMETRY'] ??= '1';",
    to: '',
    tests: ['test/cli/private'],
  },
  {
    name: 'a sequence that carries the oldest input on as the newest',
    file: 'src/model/state.ts',
    from: 'ring.unshift(ring.pop()!)',
    to: 'ring.push(ring.shift()!)',
    tests: ['test/model'],
  },
  {
    name: 'the digest of a saved state not looked at',
    file: 'src/generation/state-file.ts',
    from: 'if (!digest.equals(content.digest()))',
    to: 'if (digest.length !== content.digest().length)',
    tests: ['test/generation/state-file', 'test/generation/state-mutations'],
  },
  {
    name: '0 in the environment taken as nothing',
    file: 'src/cli/program.ts',
    from: "if (variable !== '' && !(isSwitch && OFF.has(variable)))",
    to: "if (variable !== '' && !OFF.has(variable))",
    tests: ['test/cli/environment'],
  },
  {
    name: 'the line end of a prompt kept',
    file: 'src/cli/prompt.ts',
    from: String.raw`options.keepNewline ? text : text.replace(/\r?\n$/, '')`,
    to: 'text',
    tests: ['test/cli/stdin'],
  },
  {
    name: 'stdin read beside a prompt',
    file: 'src/cli/prompt.ts',
    from: 'if (parts.length === 0 && isPiped())',
    to: 'if (isPiped())',
    tests: ['test/cli/stdin'],
  },
  {
    name: 'mixers: a block of slots used again as it was left',
    file: 'src/mixer/engine/tile/ring.ts',
    from: '        kernels.clearLines(inputs, stride, 1, side);\n',
    to: '',
    tests: ['test/mixer/filter-kinds'],
  },
  {
    name: 'mixers: a prompt that leaves nothing in the modes',
    file: 'src/mixer/engine/urgent.ts',
    from: "if (plan.kind === 'recurrence' || plan.kind === 'window') return true;",
    to: "if (plan.kind === 'window') return true;",
    tests: ['test/mixer/filter-kinds'],
  },
  {
    name: 'mixers: modes that a saved state does not have',
    file: 'src/mixer/memory/tiled.ts',
    from: 'const modeStates = take(sizes.modeStatesStride);',
    to: 'const modeStates = bump.take(units * 4 * sizes.modeStatesStride);',
    tests: ['test/mixer/filter-kinds'],
  },
  {
    name: 'mixers: a plan for windows that reach one tap further',
    file: 'src/mixer/plan/check.ts',
    from: 'filter.taps > side + 1',
    to: 'filter.taps > side + 2',
    tests: ['test/mixer/filter-kinds'],
  },
  {
    name: 'mixers: inputs of several kinds in the order of the kinds',
    file: 'src/mixer/of-kinds.ts',
    from: 'y.subarray(convolution * size, (convolution + 1) * size)',
    to: 'y.subarray(k * size, (k + 1) * size)',
    tests: ['test/mixer/filter-kinds'],
  },
  {
    name: 'mixers: the first product of data-dependent filters twice',
    file: 'src/mixer/framework/fast/data-dependent.ts',
    from: 'if (t > 0) kernels.addProducts(sums, firstInput, tap, groups);',
    to: 'kernels.addProducts(sums, firstInput, tap, groups);',
    tests: ['test/framework/fast'],
  },
  {
    name: 'mixers: tiles that stop one short of the reach',
    file: 'src/mixer/framework/engine.ts',
    from: 'outputs.from - reach + 1',
    to: 'outputs.from - reach + 2',
    tests: ['test/framework/conformance'],
  },
];

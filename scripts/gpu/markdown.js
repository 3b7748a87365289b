/** A report as a page. */

/** @param report what report.js writes as JSON */
export function markdown(report) {
  const { device, machine, shipped, grids, torch, threads, grid, seconds } = report;
  const { devices } = machine;
  const state = devices?.[device];
  return [
    `# flashinf on ${device}`,
    '',
    `- GPU: ${machine.gpu ?? 'nvidia-smi finds none'}`,
    `- CPU: ${machine.cpu}, ${machine.cores} cores, ${threads} threads; Node ${machine.node}, ONNX Runtime ${devices?.runtime}`,
    `- ${device}: ${device === 'cpu' || state?.works ? 'works' : `does not work: ${state?.problem ?? 'unknown'}`}`,
    `- texts of up to ${grid.length} tokens; ${seconds} s so far`,
    ...(report.quick ? ['- a dry run of tiny sizes: none of its times means anything'] : []),
    '',
    ...(shipped.length > 0 ? section(`The shipped model on ${device}`, shipped) : []),
    ...Object.entries(grids).flatMap(([on, rows]) => section(`Random models on ${on}`, rows)),
    ...(torch.length > 0 ? ['## The same sizes in PyTorch', '', ...peers(torch), ''] : []),
  ].join('\n');
}

function section(title, rows) {
  const tables = [loading(rows), texts(rows), graphs(rows), nodes(rows)];
  return [`## ${title}`, '', ...tables.flatMap((lines) => (lines.length > 0 ? [...lines, ''] : []))];
}

const sizeOf = ({ name, layers, width }) => name ?? `M ${layers}, D ${width}`;
const of = (row, kind) => row.findings.filter((finding) => finding.kind === kind);

function loading(rows) {
  const all = rows.map((row) => {
    const [load] = of(row, 'load');
    const [exact] = of(row, 'exact');
    const libraries = of(row, 'libraries').at(-1)?.names.join(' ') || 'none';
    const accuracy = exact === undefined ? ['', ''] : exact.error ? [exact.error, ''] : exactness(exact);
    const loaded = load === undefined ? '' : (load.error ?? `${load.ms.toFixed(0)} ms`);
    return [sizeOf(row), row.bits, loaded, ...accuracy, libraries, row.error ?? ''];
  });
  return table(
    ['model', 'bits', 'loads in', 'logits, relative L2 to the CPU', 'greedy text', 'GPU libraries', 'ended'],
    all,
  );
}

const exactness = ({ relL2, parts, tokens }) => [
  relL2.toExponential(1),
  parts === null ? `the same, ${tokens} tokens` : `parts at token ${parts} of ${tokens}`,
];

function texts(rows) {
  const all = rows.flatMap((row) =>
    of(row, 'text').map(({ lanes, error, tokensPerSecond, us }) => [
      sizeOf(row),
      row.bits,
      lanes,
      ...(error
        ? [error, '', '', '', '']
        : [tokensPerSecond, us.token, us.step, us.mixing, us.rest].map(whole)),
    ]),
  );
  return table(
    ['model', 'bits', 'lanes', 'tokens/s', 'token of all lanes, us', 'step', 'mixing', 'rest'],
    all,
  );
}

function graphs(rows) {
  const all = rows.flatMap((row) =>
    of(row, 'graph').map(({ lanes, error, us, lanesAlike }) => [
      sizeOf(row),
      row.bits,
      lanes,
      ...(error
        ? [error, '', '', '']
        : [
            whole(us.p10),
            whole(us.p50),
            whole(us.p99),
            lanesAlike ? 'yes' : 'no: the program steps them one by one',
          ]),
    ]),
  );
  const head = [
    'model',
    'bits',
    'lanes',
    'step graph alone, us, p10',
    'p50',
    'p99',
    'each lane the bits of one alone',
  ];
  return table(head, all);
}

function nodes(rows) {
  const all = rows.flatMap((row) =>
    of(row, 'nodes').map(({ error, runUs, placed, hostUs, deviceUs }) => [
      sizeOf(row),
      row.bits,
      ...(error
        ? [error, '', '', '']
        : [
            whole(runUs),
            Object.entries(placed)
              .map(([provider, count]) => `${count} on ${provider}`)
              .join(', '),
            top(hostUs),
            deviceUs === null ? 'this build of ONNX Runtime does not say' : top(deviceUs),
          ]),
    ]),
  );
  const head = [
    'model',
    'bits',
    'a run under the profiler, us',
    'nodes',
    'us of nodes, as the host sees them',
    'us on the device',
  ];
  return table(head, all);
}

function peers(rows) {
  const all = rows.flatMap((row) => {
    const size = [sizeOf(row), row.lanes];
    const found = row.findings.map(
      ({ mixing, error, tokensPerSecond, usPerStep, graph, why, difference }) => [
        ...size,
        mixing,
        ...(error
          ? [error, '', '', '']
          : [whole(tokensPerSecond), whole(usPerStep), graph ? 'yes' : why, difference.toExponential(1)]),
      ],
    );
    return row.error ? [...found, [...size, '', row.error, '', '', '']] : found;
  });
  return table(
    ['model', 'lanes', 'mixing', 'tokens/s', 'step of all lanes, us', 'CUDA graph', 'logits against lazy'],
    all,
  );
}

const whole = (value) => value.toFixed(0);
const top = (sums) =>
  Object.entries(sums)
    .slice(0, 8)
    .map(([name, us]) => `${name} ${us.toFixed(1)}`)
    .join(', ');

/** Without rows, nothing. */
function table(head, rows) {
  if (rows.length === 0) return [];
  const line = (cells) => `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)];
}

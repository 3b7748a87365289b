/** Commands on files of sequences. */
import { type Case, error, traced } from './case.js';

const DNA = 'generate -m dna --ignore-eos -n 5 -s 1';
export const SEQUENCES: readonly Case[] = [
  {
    line: `${DNA} --format fasta -f two.fa --samples 2 --batch-size 3 --allow ACGT --input-format fasta`,
    stdout:
      /^>a\/1 seed=1 stop=limit prompt=8\n[ACGT]{5}\n>a\/2 seed=2 [^\n]*\n[ACGT]{5}\n>b\/1 [^]*>b\/2 [^]*$/,
    stderr: /^lower case \(soft-masked\) .*\(first in record 2 "b" \(line 4\)\)\nU is taken as T .*\n$/,
  },
  {
    line: `${DNA} --format fasta -p ACGRN --ambiguous-as-n --echo`,
    stdout: /^>1 seed=1 stop=limit prompt=5\nACGNN[ACGTN]{5}\n$/,
    stderr: /^IUPAC codes .* are taken as N .*\n$/,
  },
  {
    line: `${DNA} --format fasta -`,
    input: '>x\nACGX\n',
    code: 1,
    stderr: /^record 1 "x" \(line 1\): base 4: .*\nerror: /,
  },
  { line: `${DNA} --format fasta`, input: '', code: 2, stderr: error('no sequences') },
  { line: `${DNA}`, input: '>x\nAC\nGT\n', stdout: /^[ACGTN]{5}$/ },
  { line: `${DNA} -f two.fa`, code: 2, stderr: error('--format fasta continues each') },
  { line: `${DNA} --format fasta --json -p A`, code: 2, stderr: error('--json does not go with --format') },
  {
    line: `${DNA} --samples 2 -p A`,
    code: 2,
    stderr: error('--samples needs --batch or --format or --json'),
  },
  {
    line: `${DNA} --samples 2 -p acg --json`,
    stdout: {
      lines: [
        { index: 0, sample: 1, seed: 1 },
        { index: 0, sample: 2, seed: 2 },
      ],
    },
    stderr: /^lower case/,
  },
  {
    line: `${DNA} --batch -`,
    input: '{"prompt":[7,8],"samples":2,"id":"a"}\n{"prompt":"ACGT","allow":"T"}\n{"prompt":"AX"}\n',
    code: 1,
    stdout: {
      lines: [
        { index: 0, id: 'a', sample: 1 },
        { index: 0, id: 'a', sample: 2 },
        { index: 1, text: 'TTTTT' },
        { index: 2, error: 'line 3: prompt: base 2: expected A, C, G, T or N, got "X"' },
      ],
    },
    stderr: error('1 of 4 items failed'),
  },
  {
    line: 'score -m dna --header -t 1 --device cpu --key-values float32 two.fa',
    stdout: /^name\ttokens\tlog_likelihood\tmean\tbits_per_base\na\t8(\t-?[\d.]+){3}\nb\t4(\t-?[\d.]+){3}\n$/,
    stderr: /^lower case[^]*U is taken as T/,
  },
  {
    line: 'score --model dna --both-strands --jsonl --logprobs --threads 1 --ambiguous-as-n -',
    input: 'ACGT\r\n\nACRT\nAC\n',
    stdout: {
      lines: [
        {
          index: 0,
          name: '1',
          tokens: 4,
          predicted: 3,
          logprobs: [0, 0, 0].map(() => expect.any(Number) as unknown),
        },
        { name: '2', reverse_logprobs: [0, 0, 0].map(() => expect.any(Number) as unknown) },
        { name: '3', tokens: 2 },
      ],
    },
    stderr: /^IUPAC codes/,
  },
  {
    line: 'score -m dna --input-format lines -',
    input: `ACGT\n>\n${'A'.repeat(65)}\n${'A'.repeat(64)}\n`,
    code: 1,
    stdout: /^1\t4\t.*\n2(\tNA){4}\n3(\tNA){4}\n4\t64\t.*\n$/,
    stderr:
      /^record 2 \(line 2\): base 1: .*\nrecord 3 \(line 3\): its 65 tokens are more than .*64\nerror: 2 of 4 records/,
  },
  { line: 'score -m bytes once.txt', stdout: /^1\t4\t-/ },
  { line: 'score -m bytes --both-strands once.txt', code: 2, stderr: error('for models of DNA') },
  { line: 'score -m dna --logprobs two.fa', code: 2, stderr: error('--logprobs needs --jsonl') },
  { line: 'score -m dna /dev/null', code: 2, stderr: error('/dev/null has no records') },
  { line: 'score -m dna none.fa --verbose', code: 2, stderr: traced('UsageError') },
  { line: 'score -m dna two.fa', to: '/dev/full', code: 4, stderr: /cannot write to stdout/ },
  {
    line: 'eval -m dna --batch two.fa --input-format fasta --json --ambiguous-as-n',
    stdout: { lines: [{ name: 'a' }, { name: 'b' }] },
    stderr: /^lower case/,
  },
  {
    line: 'eval -m dna -',
    input: '>a\nACGT\n',
    stdout: /^\| position +\| +tokens \| +bases \| +bits per base \|/,
  },
  {
    line: 'embed -m dna two.fa -o mean.npy -t 1 --device cpu --key-values float32',
    stdout: 'a\t8\nb\t4\n',
    stderr: /^lower case/,
    files: {
      'mean.npy':
        /^.NUMPY[^]{4}\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 16\), \} *\n[^]{128}$/,
    },
  },
  {
    line: 'embed --model dna --pool none --layer 1 --output all.safetensors --input-format fasta --threads 1 two.fa',
    stdout: 'a\t8\nb\t4\n',
    stderr: /^lower case/,
    files: {
      'all.safetensors': /"a":\{"dtype":"F32","shape":\[8,16\][^]*"b":\{"dtype":"F32","shape":\[4,16\]/,
    },
  },
  {
    line: 'embed -m dna --pool last -o last.safetensors --ambiguous-as-n -',
    input: 'ACGR\n',
    stdout: '1\t4\n',
    stderr: /^IUPAC/,
    files: { 'last.safetensors': /"names":"\[\\"1\\"\]"[^]*"embeddings":\{"dtype":"F32","shape":\[1,16\]/ },
  },
  {
    line: 'embed -m dna --pool none -o two.npy two.fa',
    code: 2,
    stdout: 'a\t8\n',
    stderr: /takes one record for .npy/,
  },
  { line: 'embed -m dna -o x.bin two.fa', code: 2, stderr: error('ends in .npy or .safetensors') },
  { line: 'embed -m dna -o x.npy --layer 9 two.fa', code: 2, stderr: error('the model has 2 layers') },
  { line: 'embed -m dna -o no/x.npy two.fa', code: 4, stderr: error('cannot write no/x.npy') },
  {
    line: 'embed -m dna -o x.npy --head safari.safetensors two.fa',
    code: 3,
    stderr: error('one head of a classifier'),
  },
  { line: 'embed -m dna -o x.npy none.fa --verbose', code: 2, stderr: traced('UsageError') },
];

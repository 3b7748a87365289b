/** What `bench --step` found out, for people. */
import type { Provenance, StepCost } from '../../bench/index.js';
import { table } from './table.js';

/** A model's token, laid open. */
export interface StepReport extends StepCost {
  readonly provenance: Provenance;
  readonly model: string;
}

export function renderStep({ provenance: p, model, text, ...step }: StepReport): string {
  const us = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} us`;
  const giga = (value: number): string => `${(value / 1e9).toFixed(1)} G`;
  const share = (part: number): string => `${((100 * part) / step.stepUs).toFixed(0)} %`;
  const weights = step.bits === 32 ? 'float32' : `${step.bits} bits`;
  const rows = [
    ['weights, as stored', `${(step.bytes / 1e6).toFixed(1)} MB (${weights})`],
    ['read bandwidth for as many', `${giga(step.bandwidth)}B/s`],
    ['floor: reading them', us(step.floorUs)],
    ['step', us(step.stepUs)],
    ['share of the floor', share(step.floorUs)],
    ['of it calls and nodes', `${us(step.nodesUs)}, ${share(step.nodesUs)}`],
    ['parameters per second', giga((step.parameters / step.stepUs) * 1e6)],
    ['sampling', us(step.samplingUs)],
  ];
  const token = [
    ['step', us(text.stepUs)],
    ['mixing, filters included', us(text.mixingUs)],
    ['sampling and the rest', us(text.restUs)],
    ['in all', us(text.tokenUs)],
    ['outside the step', us(text.mixingUs + text.restUs)],
  ];
  const threads = `${text.threads} thread${text.threads === 1 ? '' : 's'}`;
  return (
    `flashinf ${p.version}, node ${p.node}, ${p.cores} x ${p.cpu}, ${p.date}\n` +
    `\nA step of ${model}\n\n${table(['', 'median'], rows)}` +
    `\nA token of a text of ${text.length}, ${threads}\n\n${table(['', 'mean'], token)}`
  );
}

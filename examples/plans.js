// The tiles of 16 positions, and what plans of 131,072 cost: node examples/plans.js
import { flatPlan, planCost, planFor, tiles } from 'flashinf';

for (const { inputs, outputs } of tiles(16)) {
  console.log(`after input ${inputs.to - 1}: ${inputs.from} .. to ${outputs.from} .. ${outputs.to - 1}`);
}
const plan = planFor(131072); // by what `flashinf tune` has measured here, or costs measured elsewhere
console.log(plan.levels, planCost(plan), planCost(flatPlan(131072)), 'ns per token and channel');

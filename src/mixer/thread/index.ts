/** Threads that share the work of a step. */
/** @internal */
export { type CrewOptions, soloTeam, startTeam, type Team } from './team.js';

import type { MixerName } from '../shape.js';
import { eager } from './eager.js';
import type { Kind } from './kind.js';
import { lazy } from './lazy.js';
import { tiled } from './tiled.js';

/** What the mixers are. To add one, add its name to `MIXERS` and what it is here: all else follows. */
export const KINDS: Readonly<Record<MixerName, Kind>> = { lazy, eager, tiled };

import type { SourceAdapter } from '../port';
import { mapCustom } from './map';

/** Every source that is not built in: systems outside that push events with a token of ours. */
export const custom: SourceAdapter = {
  name: 'custom',
  sources: [],
  webhook: null,
  map: mapCustom,
  connect: {},
  explore: null,
  profile: null,
};

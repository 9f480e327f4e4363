import type { Channel, Source } from '@parley/contracts';
import { ids } from '@parley/contracts';

export const CHANNEL = 'orders';

export const benchSource: Source = {
  id: 'shop',
  accountId: 1,
  tokenId: 'bench',
  name: 'Shop',
  imageUrl: null,
  actionEndpoint: null,
  createdAt: 1_700_000_000_000,
};

export const benchChannel: Channel = {
  id: ids.channel(1, benchSource.id, CHANNEL),
  accountId: 1,
  source: benchSource.id,
  sourceChannelId: CHANNEL,
  connected: true,
  metadata: { name: '"Orders"' },
  token: null,
  createdAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000,
};

import type { Source } from '@parley/contracts';
import type { QueryClient } from '@parley/query';
import type { Provider } from '@parley/sources';
import type { Channels } from './channels';
import type { Conversations } from './conversations';
import type { Sources } from './sources';
import type { Tags } from './tags';

/** All that a dialect may ask for and change. */
export interface Domain {
  readonly query: QueryClient;
  readonly conversations: Conversations;
  readonly channels: Channels;
  readonly tags: Tags;
  readonly sources: Sources;
  readonly provider: Provider;
  /** The token that a custom source calls with. */
  tokenOf(source: Source): string;
}

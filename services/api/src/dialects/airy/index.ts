import type { Domain } from '../../domain/domain';
import type { Endpoint } from '../../http/endpoint';
import { channelEndpoints } from './channels';
import { conversationEndpoints } from './conversations';
import { messageEndpoints } from './messages';
import { metadataEndpoints } from './metadata';
import { sourceChannelEndpoints } from './source-channels';
import { sourceEndpoints } from './sources';
import { tagEndpoints } from './tags';

/** The newest Airy generation, at the root. */
export function airyEndpoints(domain: Domain): readonly Endpoint[] {
  return [
    ...conversationEndpoints(domain),
    ...messageEndpoints(domain),
    ...channelEndpoints(domain),
    ...tagEndpoints(domain),
    ...metadataEndpoints(domain),
    ...sourceEndpoints(domain),
    ...sourceChannelEndpoints(domain),
  ];
}

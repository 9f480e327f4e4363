import type { SourceAdapter } from '../port';
import { connectChatplugin } from './connect';
import { mapChatplugin } from './map';

/** The widget on a web page. Its visitors send over an endpoint with a token of ours. */
export const chatplugin: SourceAdapter = {
  name: 'chatplugin',
  sources: ['chatplugin'],
  webhook: null,
  map: mapChatplugin,
  connect: { chatplugin: connectChatplugin },
  explore: null,
  profile: null,
};

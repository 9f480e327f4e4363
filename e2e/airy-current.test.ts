/**
 * The newest generation of the API, at the root. Each case names the section of the public documentation that it
 * was taken from: "Airy, …" is Airy's API documentation, "Contract, …" the product's own page on what that leaves open.
 */
import { authorizationCases } from './airy-current/authorization';
import { channelCases } from './airy-current/channels';
import { chatPluginCases } from './airy-current/chatplugin';
import { conversationCases } from './airy-current/conversations';
import { filterCases } from './airy-current/filters';
import { ingestCases } from './airy-current/ingest';
import { messageCases } from './airy-current/messages';
import { metadataCases } from './airy-current/metadata';
import { pageCases } from './airy-current/pages';
import { readYourWritesCases } from './airy-current/read-your-writes';
import { sourceCases } from './airy-current/sources';
import { tagCases } from './airy-current/tags';
import { useSystem } from './harness';
import { describeOnEachLog } from './support/each-log';

describeOnEachLog('the API', (log) => {
  const sut = useSystem(log);

  conversationCases(sut);
  filterCases(sut);
  pageCases(sut);
  messageCases(sut);
  metadataCases(sut);
  tagCases(sut);
  sourceCases(sut);
  channelCases(sut);
  chatPluginCases(sut);
  ingestCases(sut);
  readYourWritesCases(sut);
  authorizationCases(sut);
});

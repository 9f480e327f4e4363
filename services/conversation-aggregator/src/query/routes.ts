import { queryPaths } from '@parley/query';
import type { Authenticator, Call, Reply, Route } from '@parley/service-kit';
import type { Aggregator } from '../aggregator';
import { conversationText, countMatches, searchPage } from './conversations';
import { locateMessage, messagesPage } from './messages';
import { Fields } from './requests';
import { stateHashes } from './state-hash';

const AWAIT_MS_MAX = 30_000;

function jsonText(text: string): Reply {
  return { status: 200, text, contentType: 'application/json; charset=utf-8' };
}

/** The query API of `@parley/query`, answered by one aggregator for the partitions that it serves. */
export function queryRoutes(aggregator: Aggregator, auth: Authenticator): readonly Route[] {
  const route = (path: string, handle: (fields: Fields, call: Call) => Reply | Promise<Reply>): Route => ({
    method: 'POST',
    path,
    auth,
    handle: (call) => {
      aggregator.governor.noteQuery();
      return handle(new Fields(call), call);
    },
  });

  return [
    route(queryPaths.search, (fields) =>
      jsonText(
        searchPage(aggregator.whole, {
          query: fields.optionalText('query'),
          accounts: fields.accounts(),
          size: fields.count('size'),
          cursor: fields.optionalText('cursor'),
          offset: fields.optionalCount('offset'),
          items: fields.flag('items', true),
        }),
      ),
    ),
    route(queryPaths.count, (fields) => ({
      status: 200,
      body: { totals: countMatches(aggregator.whole, fields.accounts(), fields.queries()) },
    })),
    route(queryPaths.conversation, (fields) => {
      const text = conversationText(aggregator.generation, fields.text('id'), fields.accounts());
      return jsonText(`{"conversation":${text ?? 'null'}}`);
    }),
    route(queryPaths.messages, (fields) => {
      const page = messagesPage(aggregator.generation, {
        conversationId: fields.text('conversationId'),
        accounts: fields.accounts(),
        size: fields.count('size'),
        cursor: fields.optionalText('cursor'),
      });
      return { status: 200, body: { page: page ?? null } };
    }),
    route(queryPaths.message, (fields) => ({
      status: 200,
      body: { location: locateMessage(aggregator.generation, fields.text('id'), fields.accounts()) ?? null },
    })),
    route(queryPaths.await, async (fields) => {
      const waitMs = Math.min(fields.count('maxWaitMs'), AWAIT_MS_MAX);
      const applied = await aggregator.awaitApplied(fields.count('partition'), fields.count('offset'), waitMs);
      return { status: 200, body: { applied } };
    }),
    route(queryPaths.positions, () => ({ status: 200, body: { positions: aggregator.positions() } })),
    route(queryPaths.stateHash, async () => ({
      status: 200,
      body: { partitions: await stateHashes(aggregator.whole, aggregator.governor) },
    })),
  ];
}

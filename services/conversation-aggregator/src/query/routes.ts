import { queryPaths, type Refusal } from '@parley/query';
import type { Authenticator, Call, Reply, Route } from '@parley/service-kit';
import type { Aggregator } from '../aggregator';
import { type Admitted, admit, Refused } from './admission';
import { conversationText, countMatches, searchPage } from './conversations';
import { locateMessage, messagesPage } from './messages';
import { Fields } from './requests';
import { stateHashes } from './state-hash';

const AWAIT_MS_MAX = 30_000;
const RETRY_AFTER = { 'Retry-After': '1' } as const;

/** A refusal is an everyday answer among replicas, and no failure to be logged. */
function refusalReply(refusal: Refusal): Reply {
  return { status: 503, body: refusal, headers: RETRY_AFTER };
}

/** The members of a JSON object's text, with the positions of what they were read from. */
function positioned(members: string, admitted: Admitted): Reply {
  const text = `{${members},"positions":${JSON.stringify(admitted.positions())}}`;
  return { status: 200, text, contentType: 'application/json; charset=utf-8' };
}

const member = (name: string, value: unknown) => `"${name}":${JSON.stringify(value)}`;

/** The query API of `@parley/query`, answered by one aggregator for the partitions that it serves. */
export function queryRoutes(aggregator: Aggregator, auth: Authenticator): readonly Route[] {
  const route = (path: string, handle: (fields: Fields) => Reply | Promise<Reply>): Route => ({
    method: 'POST',
    path,
    auth,
    handle: async (call: Call) => {
      aggregator.governor.noteQuery();
      try {
        return await handle(new Fields(call));
      } catch (error) {
        if (error instanceof Refused) return refusalReply(error.refusal);
        throw error;
      }
    },
  });

  /** @param read gives the members of the answer */
  const question = (path: string, read: (fields: Fields, admitted: Admitted) => string | Promise<string>): Route =>
    route(path, async (fields) => {
      const admitted = await admit(aggregator, fields.demands());
      const members = read(fields, admitted);
      return positioned(typeof members === 'string' ? members : await members, admitted);
    });

  return [
    question(queryPaths.search, (fields, { generation, shards }) =>
      searchPage(
        generation,
        {
          query: fields.optionalText('query'),
          accounts: fields.accounts(),
          size: fields.count('size'),
          cursor: fields.optionalText('cursor'),
          offset: fields.optionalCount('offset'),
          items: fields.flag('items', true),
        },
        shards,
      ).slice(1, -1),
    ),
    question(queryPaths.count, (fields, { generation, shards }) =>
      member('totals', countMatches(generation, fields.accounts(), fields.queries(), shards)),
    ),
    question(queryPaths.conversation, (fields, { generation }) => {
      const text = conversationText(generation, fields.text('id'), fields.accounts());
      return `"conversation":${text ?? 'null'}`;
    }),
    question(queryPaths.messages, (fields, { generation }) => {
      const page = messagesPage(generation, {
        conversationId: fields.text('conversationId'),
        accounts: fields.accounts(),
        size: fields.count('size'),
        cursor: fields.optionalText('cursor'),
      });
      return member('page', page ?? null);
    }),
    question(queryPaths.message, (fields, { generation, partitions }) =>
      member('location', locateMessage(generation, fields.text('id'), fields.accounts(), partitions) ?? null),
    ),
    question(queryPaths.stateHash, async (_, { generation, partitions }) =>
      member('partitions', await stateHashes(generation, aggregator.governor, partitions)),
    ),
    route(queryPaths.await, async (fields) => {
      const waitMs = Math.min(fields.count('maxWaitMs'), AWAIT_MS_MAX);
      const applied = await aggregator.awaitApplied(fields.count('partition'), fields.count('offset'), waitMs);
      return { status: 200, body: { applied } };
    }),
    route(queryPaths.positions, () => ({
      status: 200,
      body: { positions: aggregator.positions(), serving: aggregator.shown !== undefined },
    })),
  ];
}

import { partitionOf } from '@parley/log';
import { awaitApplied } from './applied';
import { Asking } from './asking';
import { Floors } from './floors';
import type { QueryClient } from './protocol';
import { Team } from './team';

export interface QueryClientOptions {
  /** Base URLs of the aggregators. Where several serve a partition, those named first are preferred. */
  readonly urls: readonly string[];
  /** SYSTEM_TOKEN. */
  readonly token: string;
  /** Partitions of the conversation log. */
  readonly partitions: number;
}

/** Asks aggregators: which of them serves what is learnt from themselves. Opens no connection before it is asked. */
export function openQueryClient({ urls, token, partitions }: QueryClientOptions): QueryClient {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const floors = new Floors();
  const team = new Team(urls, token, all, floors);
  const asking = new Asking(team, floors);
  const of = (conversationId: string) => [partitionOf(conversationId, partitions)];

  return {
    async searchConversations(request) {
      const { positions: _, ...page } = await asking.ask('search', all, request);
      return page;
    },
    async countConversations(accounts, queries) {
      const { totals } = await asking.ask('count', all, { accounts, queries: queries.map((query) => query ?? null) });
      return totals;
    },
    async getConversation(id, accounts) {
      const { conversation } = await asking.ask('conversation', of(id), { id, accounts });
      return conversation ?? undefined;
    },
    async listMessages(request) {
      const { page } = await asking.ask('messages', of(request.conversationId), request);
      return page ?? undefined;
    },
    async getMessage(id, accounts) {
      const { location } = await asking.ask('message', all, { id, accounts });
      return location ?? undefined;
    },
    awaitApplied: (at, maxWaitMs) => awaitApplied({ team, floors, asking }, at, maxWaitMs),
    positions: () =>
      asking.patiently(async () => {
        await asking.learn();
        return team.positions();
      }),
    async stateHash() {
      const { partitions: hashes } = await asking.ask('stateHash', all, {});
      return [...hashes].sort((a, b) => a.partition - b.partition);
    },
    close: () => team.close(),
  };
}

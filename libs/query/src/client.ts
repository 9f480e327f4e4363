import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '@parley/log';
import { AppError } from '@parley/service-kit';
import { Connection, NoAnswer } from './connection';
import { coverOf, type ReplicaSet } from './cover';
import { mergePages, partRequest } from './merge';
import type { QueryAnswers, QueryClient, QueryName, QueryRequests } from './protocol';

/** How long a question is asked anew while an aggregator starts again: slow answers, not errors. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 50;

export interface QueryClientOptions {
  /** Base URLs of the aggregators. */
  readonly urls: readonly string[];
  /** SYSTEM_TOKEN. */
  readonly token: string;
  /** Partitions of the conversation log. */
  readonly partitions: number;
}

type Ask = <N extends QueryName>(
  connection: Connection,
  name: N,
  request: QueryRequests[N],
) => Promise<QueryAnswers[N]>;

/** Asks aggregators: which of them serves what is learnt from themselves. Opens no connection before it is asked. */
export function openQueryClient({ urls, token, partitions }: QueryClientOptions): QueryClient {
  const connections = urls.map((url) => new Connection(url, token));
  const ask: Ask = (connection, name, request) => connection.ask(name, request);
  let known: Promise<readonly ReplicaSet<Connection>[]> | undefined;

  const learn = async () => {
    const serving = new Map<Connection, readonly number[]>();
    const answers = await Promise.allSettled(connections.map((connection) => ask(connection, 'positions', {})));
    for (const [at, connection] of connections.entries()) {
      const answer = answers[at];
      if (answer?.status === 'fulfilled')
        serving.set(
          connection,
          answer.value.positions.map((p) => p.partition),
        );
      else if (answer && !(answer.reason instanceof NoAnswer)) throw answer.reason;
    }
    const { sets, uncovered } = coverOf(serving, partitions);
    if (uncovered.length > 0) throw new NoAnswer(`no aggregator serves partition ${uncovered.join(', ')}`);
    return sets;
  };

  const topology = () => {
    known ??= learn();
    // What failed, and what proved wrong, is learnt anew by the next question.
    known.catch(() => {
      known = undefined;
    });
    return known;
  };

  /** The first that answers, always in the same order: the one that applied a write is asked for the next read too. */
  const askSet = async <N extends QueryName>(set: ReplicaSet<Connection>, name: N, request: QueryRequests[N]) => {
    let last: unknown;
    for (const connection of set.servers) {
      try {
        return await ask(connection, name, request);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        last = error;
      }
    }
    throw last;
  };

  /** All questions are reads: asking again is harmless. */
  const patiently = async <T>(question: () => Promise<T>): Promise<T> => {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await question();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        known = undefined;
        if (performance.now() + RETRY_MS > deadline) {
          throw new AppError('UNAVAILABLE', {
            message: 'the conversations can’t be read at the moment; try again',
            retryAfterS: 1,
            cause: error,
          });
        }
        await delay(RETRY_MS);
      }
    }
  };

  const askAll = <N extends QueryName>(name: N, request: QueryRequests[N]) =>
    patiently(async () => {
      const sets = await topology();
      return Promise.all(sets.map((set) => askSet(set, name, request)));
    });

  const askPartition = <N extends QueryName>(partition: number, name: N, request: QueryRequests[N]) =>
    patiently(async () => {
      const set = (await topology()).find((candidate) => candidate.partitions.includes(partition));
      if (!set) throw new NoAnswer(`no aggregator serves partition ${partition}`);
      return askSet(set, name, request);
    });

  return {
    async searchConversations(request) {
      const [only] = await patiently(async () => {
        const sets = await topology();
        if (sets.length === 1) return Promise.all(sets.map((set) => askSet(set, 'search', request)));
        const part = partRequest(request);
        return [mergePages(request, await Promise.all(sets.map((set) => askSet(set, 'search', part))))];
      });
      if (!only) throw new AppError('UNAVAILABLE', { message: 'there is no aggregator' });
      return only;
    },
    async countConversations(accounts, queries) {
      const answers = await askAll('count', { accounts, queries: queries.map((query) => query ?? null) });
      return queries.map((_, at) => answers.reduce((sum, { totals }) => sum + (totals[at] ?? 0), 0));
    },
    async getConversation(id, accounts) {
      const { conversation } = await askPartition(partitionOf(id, partitions), 'conversation', { id, accounts });
      return conversation ?? undefined;
    },
    async listMessages(request) {
      const { page } = await askPartition(partitionOf(request.conversationId, partitions), 'messages', request);
      return page ?? undefined;
    },
    async getMessage(id, accounts) {
      const answers = await askAll('message', { id, accounts });
      return answers.find(({ location }) => location !== null)?.location ?? undefined;
    },
    async awaitApplied(at, maxWaitMs) {
      const { applied } = await askPartition(at.partition, 'await', { ...at, maxWaitMs });
      return applied;
    },
    async positions() {
      const answers = await askAll('positions', {});
      return answers.flatMap((answer) => answer.positions).sort((a, b) => a.partition - b.partition);
    },
    async stateHash() {
      const answers = await askAll('stateHash', {});
      return answers.flatMap((answer) => answer.partitions).sort((a, b) => a.partition - b.partition);
    },
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
    },
  };
}

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConversationEvent, ids } from '@parley/contracts';
import { reduce } from '@parley/conversations';
import fc from 'fast-check';
import { Arena } from '../src/store/arena';
import { type Environment, openEnvironment, storeLayout } from '../src/store/environment';
import { IdFilter } from '../src/store/id-filter';
import { PartitionState } from '../src/store/partition-state';
import { conversationId, messageId, received, tagged } from './world';

const CONVERSATIONS = 4;
const PARTITION = 1;

function delivered(conversation: string, message: string, cause: string, echo: string | null): ConversationEvent {
  return {
    type: 'MessageDeliveryChanged',
    value: {
      eventId: ids.event(cause, 'tests'),
      accountId: 1,
      occurredAt: 0,
      actorKind: 'source',
      actorId: null,
      cause: null,
      conversationId: conversationId(conversation),
      messageId: messageId(message),
      state: 'read',
      error: null,
      sourceMessageId: echo,
      sourceMessageKey: echo && messageId(echo),
    },
  };
}

/** Listings longer than a tail, repetitions, reports before and long after their messages, echoes that are merged. */
const log: readonly ConversationEvent[] = Array.from({ length: 240 }, (_, i) => i).flatMap((i) => {
  const conversation = `c${i % CONVERSATIONS}`;
  const former = Math.floor(i / 2 / CONVERSATIONS) * CONVERSATIONS + (i % CONVERSATIONS);
  const later = i + 3 * CONVERSATIONS;
  return [
    received(conversation, `m${i}`, (i * 7919) % 1009),
    ...(i % 3 === 0 ? [received(conversation, `m${former}`, (former * 7919) % 1009)] : []),
    ...(i % 5 === 0 ? [delivered(conversation, `m${former}`, `d${i}`, null)] : []),
    ...(i % 9 === 0 ? [delivered(conversation, `m${later}`, `d${i} early`, `e${later}`)] : []),
    ...(i % 11 === 0 ? [received(conversation, `e${former}`, former)] : []),
    ...(i % 22 === 0 ? [delivered(conversation, `m${former}`, `d${i} late`, `e${former}`)] : []),
    ...(i % 7 === 0 ? [tagged(conversation, `t${i >> 1}`, `tag${i % 3}`)] : []),
  ];
});

function open(env: Environment, ids?: IdFilter): PartitionState {
  return new PartitionState({ env, partition: PARTITION, partitions: 3, cached: 2, ids });
}

async function commit(env: Environment, state: PartitionState, kind: 'whole' | 'additions'): Promise<void> {
  const layer = kind === 'whole' ? state.beginCommit() : state.beginAdditions();
  if (!layer) return;
  const arena = new Arena();
  await env.root.batch(() => state.write(layer, arena));
  env.root.resetReadTxn();
  state.committed();
}

function fold(state: PartitionState, until: number): void {
  for (let offset = state.position ?? 0; offset < until; offset += 1) {
    const event = log[offset];
    const changes = event && reduce(state, event, offset);
    if (changes) state.apply(changes, event.value.eventId);
    state.advance(offset + 1);
  }
}

function contents(state: PartitionState) {
  return {
    conversations: Array.from({ length: CONVERSATIONS }, (_, i) => {
      const id = conversationId(`c${i}`);
      return {
        state: state.conversation(id),
        older: state.listed(id, { direction: 'older', limit: 1_000 }),
        newer: state.listed(id, { direction: 'newer', limit: 1_000 }),
      };
    }),
    messages: log.map(({ value }) => ('messageId' in value ? state.message(value.messageId) : null)),
    seen: log.map((event) => 'tagId' in event.value && state.seen(event.value.eventId)),
    unknown: state.seen(ids.event('never', 'tests')),
    position: state.position,
  };
}

async function withEnvironment<T>(use: (env: Environment) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'parley-store-'));
  const { env } = openEnvironment(dir, { layout: storeLayout, reducer: 'test', log: 'test', partitions: 3 });
  try {
    return await use(env);
  } finally {
    await env.root.close();
    await rm(dir, { recursive: true, force: true });
  }
}

const step = fc.record({
  events: fc.integer({ min: 0, max: 90 }),
  end: fc.constantFrom('nothing' as const, 'whole' as const, 'additions' as const, 'killed' as const),
});

it('comes to the same however it is committed, and wherever it is killed', async () => {
  const expected = await withEnvironment(async (env) => {
    const state = open(env);
    fold(state, log.length);
    return contents(state);
  });
  expect(expected.conversations[0]?.older.length).toBeGreaterThan(50);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), (steps) =>
      withEnvironment(async (env) => {
        let state = open(env, new IdFilter());
        for (const { events, end } of steps) {
          fold(state, Math.min((state.position ?? 0) + events, log.length));
          if (end === 'killed') state = open(env);
          else if (end !== 'nothing') await commit(env, state, end);
        }
        fold(state, log.length);
        expect(contents(state)).toEqual(expected);
        await commit(env, state, 'additions');
        await commit(env, state, 'whole');
        expect(contents(state)).toEqual(expected);
        expect(contents(open(env))).toEqual(expected);
      }),
    ),
    { numRuns: 20 },
  );
});

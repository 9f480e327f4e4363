import type { ConversationEvent } from '@parley/contracts';
import { type ConversationState, canonical, canonicalConversation, type DeliveryState } from '@parley/conversations';
import fc from 'fast-check';
import { Book } from './book';
import {
  conversationId,
  delivery,
  echo,
  messageMetadata,
  metadata,
  moved,
  read,
  received,
  refetch,
  stateRemoved,
  stateSet,
  submitted,
  tagged,
  taken,
  untagged,
  watermark,
} from './events';

/** Few ids, so that events meet. */
const messageId = fc.constantFrom('a', 'b', 'c', 'd', 'e');
const at = fc.integer({ min: 1, max: 6 });
const deliveryState = fc.constantFrom<DeliveryState[]>('sent', 'delivered', 'read', 'failed');
const key = fc.constantFrom('x', 'x.y', 'x.y.z', 'contact', 'contact.display_name', 'state', 'tags', 'unread_count');
const set = fc.dictionary(key, fc.constantFrom<unknown[]>(1, 'text', '', null, [1], { y: 2 }), { maxKeys: 3 });
const removed = fc.array(key, { maxLength: 2 });

const event: fc.Arbitrary<ConversationEvent> = fc
  .tuple(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(messageId, at).map(([id, sentAt]) => received(id, sentAt)) },
      { weight: 3, arbitrary: fc.tuple(messageId, at).map(([id, sentAt]) => submitted(id, sentAt)) },
      { weight: 3, arbitrary: fc.tuple(messageId, at).map(([id, sentAt]) => echo(id, sentAt)) },
      { weight: 4, arbitrary: fc.tuple(messageId, messageId, deliveryState).map((told) => taken(...told)) },
      { weight: 2, arbitrary: fc.tuple(messageId, deliveryState).map((told) => delivery(...told, { error: 'why' })) },
      fc.tuple(fc.constantFrom('delivered', 'read'), at).map((told) => watermark(...told)),
      fc.tuple(messageId, set, removed).map((told) => messageMetadata(...told)),
      fc.tuple(set, removed).map((told) => metadata(...told)),
      fc.constantFrom(tagged, untagged).chain((make) => fc.constantFrom('t', 'u').map(make)),
      fc.constantFrom('OPEN', 'CLOSED').map(stateSet),
      fc.constantFrom(read, stateRemoved, refetch).map((make) => make()),
    ),
    fc.constantFrom(conversationId, conversationId, conversationId, 'other'),
  )
  .map(([drawn, to]) => moved(drawn, { conversationId: to }));

const events = fc.array(event, { maxLength: 40 });

interface Placed {
  readonly event: ConversationEvent;
  readonly offset: number;
}

/** The events, and the same with repetitions of earlier ones strewn in; what is the same event has the same offset. */
const repeated = fc
  .tuple(events, fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 20 }))
  .map(([once, repetitions]) => {
    const placed: Placed[] = once.map((drawn, index) => ({ event: drawn, offset: index * 100 }));
    const twice = [...placed];
    for (const [which, where] of once.length ? repetitions : []) {
      const original = which % once.length;
      const from = twice.findIndex((one) => one.offset === original * 100) + 1;
      const to = from + (where % (twice.length - from + 1));
      twice.splice(to, 0, { event: placed[original]?.event ?? read(), offset: (twice[to - 1]?.offset ?? 0) + 1 });
    }
    return { once: placed, twice };
  });

function fold(placed: readonly Placed[], between: (book: Book) => Book = (book) => book): Book {
  let book = new Book();
  for (const { event: next, offset } of placed) {
    book.apply(next, offset);
    book = between(book);
  }
  return book;
}

const inOrder = (drawn: readonly ConversationEvent[]) => drawn.map((one, offset) => ({ event: one, offset }));

/** All that is kept and shown. */
function told(book: Book): string {
  const { conversations, rows, listed, numbers } = book.dump();
  const ids = conversations.map(({ id }) => id);
  const shown = ids.map((id) => [book.view(id) ?? null, book.views(id)]);
  return canonical([conversations.map(canonicalConversation), rows, listed, numbers, shown]);
}

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const check = (law: fc.IProperty<unknown> | fc.IRawProperty<unknown>) =>
  fc.assert(law, { seed, numRuns: Number(process.env.RUNS ?? 500) });

describe(`laws of the reducer (SEED=${seed})`, () => {
  it('an event told twice is told once', () => {
    check(fc.property(repeated, ({ once, twice }) => expect(told(fold(twice))).toBe(told(fold(once)))));
  });

  it('the last event told twice changes nothing', () => {
    check(
      fc.property(events, (drawn) => {
        const book = new Book();
        for (const { event: next, offset } of inOrder(drawn)) {
          book.apply(next, offset);
          expect(book.apply(next, offset + 1)).toBeUndefined();
        }
      }),
    );
  });

  it('stopping and resuming anywhere changes nothing', () => {
    check(
      fc.property(events, (drawn) => {
        const placed = inOrder(drawn);
        expect(told(fold(placed, (book) => book.restarted()))).toBe(told(fold(placed)));
      }),
    );
  });

  it('the totals are what one counts', () => {
    check(
      fc.property(events, (drawn) => {
        fold(inOrder(drawn), (book) => {
          for (const state of book.conversations.values()) expectCounted(book, state);
          return book;
        });
      }),
    );
  });

  it('delivery only climbs, and failed is final', () => {
    check(
      fc.property(events, (drawn) => {
        const reached = new Map<string, DeliveryState>();
        fold(inOrder(drawn), (book) => {
          for (const { id, deliveryState: now } of book.views(conversationId)) {
            expect(mayFollow(reached.get(id) ?? 'pending', now)).toBe(true);
            reached.set(id, now);
          }
          return book;
        });
      }),
    );
  });

  it('a message stays listed, or is one that is', () => {
    check(
      fc.property(events, (drawn) => {
        const book = fold(inOrder(drawn));
        for (const row of book.rows.values()) {
          const listed = book.list(row.conversationId).some((message) => message.id === row.id);
          expect(listed).toBe(row.kind === 'message');
          if (row.kind === 'alias') expect(book.message(row.of)?.kind).not.toBe('pending');
        }
      }),
    );
  });
});

function expectCounted(book: Book, state: ConversationState): void {
  const listed = book.list(state.id);
  const unread = listed.filter((message) => message.fromContact && message.sequence >= state.readSequence);
  expect([state.messageCount, state.unreadCount, state.lastMessageId]).toEqual([
    listed.length,
    unread.length,
    listed[0]?.id ?? null,
  ]);
  expect(state.number > 0).toBe(listed.length > 0);
}

const ladder: readonly DeliveryState[] = ['pending', 'sent', 'delivered', 'read'];

function mayFollow(before: DeliveryState, now: DeliveryState): boolean {
  if (now === 'failed') return before !== 'read';
  return before !== 'failed' && ladder.indexOf(now) >= ladder.indexOf(before);
}

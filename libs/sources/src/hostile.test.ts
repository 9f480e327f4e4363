import type { Channel } from '@parley/contracts';
import fc from 'fast-check';
import { CAUSE, channelOf, rawOf } from '../test/fixtures';
import type { MappedItem } from './port';
import { adapterOfRaw, builtInAdapters } from './registry';

/** JSON that looks enough like each provider's to get past the first checks. */
const words = [
  ...[
    'object',
    'entry',
    'id',
    'time',
    'messaging',
    'standby',
    'sender',
    'recipient',
    'timestamp',
    'message',
    'mid',
    'is_echo',
  ],
  ...['app_id', 'postback', 'payload', 'reaction', 'emoji', 'action', 'read', 'watermark', 'delivery', 'mids', 'page'],
  ...['messages', 'metadata', 'namespace', 'source_id', 'content', 'sent_at', '__proto__', 'constructor', 'From', 'To'],
];
const leaf = fc.oneof(fc.jsonValue({ maxDepth: 1 }), fc.constantFrom(...words), fc.integer());
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...words), tie('tree'), { maxKeys: 6 }),
  ),
}));
const messaging = fc.record(
  {
    sender: fc.record({ id: leaf }),
    recipient: fc.record({ id: leaf }),
    timestamp: leaf,
    message: tree,
    postback: tree,
    reaction: tree,
    read: tree,
    delivery: tree,
  },
  { requiredKeys: ['sender', 'recipient'] },
);
const bodies = fc.oneof(
  fc.string(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
  tree.map((value) => JSON.stringify(value)),
  fc.array(messaging).map((elements) => JSON.stringify({ object: 'page', entry: [{ id: '1', messaging: elements }] })),
  fc.webQueryParameters(),
);

function build(item: MappedItem, channel: Channel): void {
  if (item.kind === 'channel') expect(item.events(channel).length).toBeGreaterThan(0);
  if (item.kind === 'of-message') expect(item.events('c').length).toBeGreaterThan(0);
}

describe.each([...builtInAdapters.map((adapter) => adapter.name), 'shop'])('%s, whatever comes', (name) => {
  it('gives items, the same each time, and never throws', () => {
    const adapter = adapterOfRaw(name);
    const channel = channelOf(name, '1');
    const context = { conversation_id: 'c', channel_id: 'x', message_id: 'm' };
    fc.assert(
      fc.property(bodies, (body) => {
        const raw = rawOf(name, body, { accountId: 1, context });
        const items = adapter.map(raw, { cause: CAUSE });
        for (const item of items) build(item, channel);
        expect(adapter.map(raw, { cause: CAUSE }).map(({ kind, path }) => ({ kind, path }))).toEqual(
          items.map(({ kind, path }) => ({ kind, path })),
        );
        expect(() => adapter.webhook?.orderingKey(raw.body)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});

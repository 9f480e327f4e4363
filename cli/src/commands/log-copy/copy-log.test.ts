import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Codec, type SchemaRegistrar, type SchemaRegistry, topicSpec, topics } from '@parley/contracts';
import { type Log, LogError, type LogRecord, openEmbeddedLog, openEmbeddedRegistry } from '@parley/log';
import fc from 'fast-check';
import { type CopyOptions, copyLog } from './copy-log';
import { NO_SCHEMA, schemaIdOf } from './frame';

const DAY_MS = 24 * 60 * 60 * 1000;
const GROUP = 'delivery-profiles';
const PARTITIONS = 3;
const { conversationEvents, tags } = topics;

interface End {
  readonly name: string;
  readonly log: Log;
  readonly schemas: SchemaRegistry & SchemaRegistrar;
  destroy(): Promise<void>;
}

async function openEnd(name: string): Promise<End> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-copy-'));
  const log = await openEmbeddedLog({ dir });
  const schemas = await openEmbeddedRegistry({ dir });
  return {
    name,
    log,
    schemas,
    destroy: async () => {
      await log.close();
      await schemas.close();
      rmSync(dir, { recursive: true });
    },
  };
}

async function all(log: Log, topic: string): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = [];
  const ends = await log.ends(topic);
  const reader = await log.reader(topic, 'earliest');
  const isRead = () => [...reader.positions()].every(([partition, position]) => position === ends.get(partition));
  while (!isRead()) found.push(...((await reader.next())?.records ?? []));
  await reader.close();
  return found;
}

/** As `kept`, but for the schema id, which each registry gives. */
const content = (record: LogRecord) => ({
  ...kept(record),
  value: schemaIdOf(record.value) === undefined ? record.value : record.value?.subarray(5),
});

/** All that a copy must keep of a record. */
const kept = ({ partition, key, value, headers, timestamp }: LogRecord) => ({
  partition,
  key,
  value,
  headers,
  timestamp,
});

const avsc = (name: string): { fields: object[] } =>
  JSON.parse(readFileSync(join(__dirname, '../../../../schemas', `${name}.avsc`), 'utf8'));

const frame = (id: number, body: string): Buffer => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  return Buffer.concat([head, Buffer.from(body)]);
};

describe('copying a log', () => {
  let source: End;
  let target: End;
  let notes: string[];
  beforeEach(async () => {
    source = await openEnd('source');
    target = await openEnd('target');
    notes = [];
    await source.log.ensureTopics([tags, conversationEvents].map((topic) => topicSpec(topic, PARTITIONS)));
  });
  afterEach(async () => {
    await source.destroy();
    await target.destroy();
  });

  const copy = (options: Partial<CopyOptions> = {}) =>
    copyLog({
      source,
      target,
      topics: undefined,
      groups: [GROUP],
      resume: false,
      verify: true,
      states: false,
      note: (line) => notes.push(line),
      ...options,
    });
  const text = (key: string | null, value: string | null, more: object = {}) => ({
    key,
    value: value === null ? null : Buffer.from(value),
    ...more,
  });

  it('keeps keys, order, partitions, headers, times, tombstones and values that are no frames', async () => {
    await source.log.append(conversationEvents.name, [
      text('a', 'one', { headers: { type: 'x', ünïcode: 'ß' }, timestamp: 1 }),
      text('b', 'two', { timestamp: 1_700_000_000_000 }),
      text(null, 'without a key', { partition: 2 }),
      text('a', null),
      text('not where its key belongs', 'three', { partition: 1 }),
      text('empty', ''),
    ]);
    for (let i = 0; i < 50; i++) await source.log.append(conversationEvents.name, [text(`k${i % 7}`, `${i}`)]);
    const report = await copy();
    expect((await all(target.log, conversationEvents.name)).map(kept)).toEqual(
      (await all(source.log, conversationEvents.name)).map(kept),
    );
    expect(report).toMatchObject({ copied: 56, verified: true });
    expect(report.topics).toContainEqual({
      topic: conversationEvents.name,
      partitions: PARTITIONS,
      records: 56,
      offsetsKept: true,
      unknownSchemas: [],
    });
  });

  it('puts contents under the target’s schema ids, those written with another version too', async () => {
    // The target knows other schemas by the ids that the source uses.
    for (const name of ['Source', 'Account', 'Channel']) await target.schemas.register(`other-${name}`, avsc(name));
    const tag = avsc('Tag');
    const later = { ...tag, fields: [...tag.fields, { name: 'addedLater', type: 'int', default: 0 }] };
    const old = await Codec.open(tags, source.schemas);
    const row = { id: '1', accountId: 1, name: 'VIP', color: 'tag-red', createdAt: 0 } as never;
    const { id: laterId } = await source.schemas.register(`${tags.name}-parley.communication.Tag`, later);
    const withMore = Buffer.concat([old.encode('Tag', row), Buffer.from([14])]);
    withMore.writeUInt32BE(laterId, 1);
    await source.log.append(tags.name, [
      { key: '1', value: old.encode('Tag', row) },
      { key: '2', value: withMore },
    ]);
    await copy();
    const codec = await Codec.open(tags, target.schemas);
    const copies = await all(target.log, tags.name);
    const read = await Promise.all(copies.map(({ value }) => codec.decode(value as Buffer)));
    expect(read).toEqual([await old.decode(old.encode('Tag', row)), await old.decode(old.encode('Tag', row))]);
    const ids = copies.map(({ value }) => value?.readUInt32BE(1));
    expect(await target.schemas.schemaOf(ids[0] as number)).toEqual(tag);
    expect(await target.schemas.schemaOf(ids[1] as number)).toEqual(later);
    expect(ids).not.toContain(laterId);
  });

  it('leaves a record of an unknown schema unreadable, whatever the target has under that id', async () => {
    const poisoned = 1;
    await target.schemas.register('other-Source', avsc('Source'));
    expect(await target.schemas.schemaOf(poisoned)).toBeDefined();
    await source.log.append(conversationEvents.name, [{ key: 'a', value: frame(poisoned, 'poison') }]);
    const report = await copy();
    expect((await all(target.log, conversationEvents.name)).map(({ value }) => value)).toEqual([
      frame(NO_SCHEMA, 'poison'),
    ]);
    expect(report.topics.find(({ topic }) => topic === conversationEvents.name)?.unknownSchemas).toEqual([poisoned]);
  });

  it('translates committed positions where compaction left holes', async () => {
    const old = Date.now() - 2 * DAY_MS;
    for (const [key, value] of [
      ['a', '1'],
      ['b', '1'],
      ['a', '2'],
      ['gone', '1'],
      ['gone', null],
      ['c', '1'],
    ] as const) {
      await source.log.append(tags.name, [text(key, value, { timestamp: old })]);
    }
    await source.log.maintain(Date.now());
    expect((await all(source.log, tags.name)).map(({ offset }) => offset)).toEqual([1, 2, 5]);
    const translated: Record<number, number | undefined> = {};
    for (const committed of [0, 1, 2, 3, 5, 6]) {
      await source.log.resetOffsets(GROUP, tags.name, new Map([[0, committed]]));
      const fresh = await openEnd('fresh');
      await copy({ target: fresh });
      translated[committed] = (await fresh.log.committed(GROUP, tags.name)).get(0);
      await fresh.destroy();
    }
    expect(translated).toEqual({ 0: 0, 1: 0, 2: 1, 3: 2, 5: 2, 6: 3 });
  });

  it('leaves a group without a position where it never committed', async () => {
    await source.log.append(conversationEvents.name, [text('a', '1')]);
    const partition = await source.log.partitionFor(conversationEvents.name, 'a');
    await source.log.resetOffsets(GROUP, conversationEvents.name, new Map([[partition, 1]]));
    await copy();
    expect(await target.log.committed(GROUP, conversationEvents.name)).toEqual(new Map([[partition, 1]]));
    expect(await target.log.committed('another', conversationEvents.name)).toEqual(new Map());
  });

  it('bears what the target’s own upkeep has removed since', async () => {
    const answers = topics.idempotentResponses;
    await source.log.ensureTopics([topicSpec(answers, PARTITIONS)]);
    const now = Date.now();
    for (const [i, key] of ['a', 'b', 'a', 'c', 'b', 'd'].entries()) {
      await source.log.append(tags.name, [text(key, `${i}`, { timestamp: i })]);
    }
    // Large, so that it does not share a chunk: those go whole.
    await source.log.append(answers.name, [text('old', 'x'.repeat(40_000), { timestamp: now - 8 * DAY_MS })]);
    await source.log.append(answers.name, [text('new', '1', { timestamp: now })]);
    await copy();
    await target.log.maintain(now);
    expect((await all(target.log, tags.name)).map(({ key }) => key)).toEqual(['a', 'c', 'b', 'd']);
    expect((await all(target.log, answers.name)).map(({ key }) => key)).toEqual(['new']);
    expect(await copy({ resume: true })).toMatchObject({ copied: 0, verified: true });
  });

  describe('refuses', () => {
    const refusal = (options?: Partial<CopyOptions>): Promise<Error> =>
      copy(options).then(
        () => {
          throw new Error('it was not refused');
        },
        (error: Error) => error,
      );

    it('a target that has records, and adds none', async () => {
      await source.log.append(tags.name, [text('a', '1')]);
      await target.log.ensureTopics([topicSpec(tags, PARTITIONS)]);
      await target.log.append(tags.name, [text('there', '1')]);
      expect((await refusal()).message).toContain(`it has records on:\n  ${tags.name}`);
      expect((await all(target.log, tags.name)).map(({ key }) => key)).toEqual(['there']);
      expect(await target.log.topics()).toEqual([tags.name]);
    });

    it('a target with another number of partitions, and makes no topic', async () => {
      await target.log.ensureTopics([topicSpec(conversationEvents, PARTITIONS + 1)]);
      const { message } = await refusal();
      expect(message).toContain(conversationEvents.name);
      expect(message).toContain(`partitions is ${PARTITIONS + 1}, not ${PARTITIONS}`);
      expect(await target.log.topics()).toEqual([conversationEvents.name]);
    });

    it('a schema that the target’s earlier ones do not bear, before anything is copied', async () => {
      const codec = await Codec.open(tags, source.schemas);
      await source.log.append(tags.name, [
        {
          key: '1',
          value: codec.encode('Tag', { id: '1', accountId: 1, name: 'VIP', color: 'x', createdAt: 0 } as never),
        },
      ]);
      await source.log.append(conversationEvents.name, [text('a', '1')]);
      await target.schemas.register(`${tags.name}-parley.communication.Tag`, {
        ...avsc('Tag'),
        fields: [{ name: 'somethingElse', type: 'string' }],
      });
      expect((await refusal()).message).toContain(`${tags.name}-parley.communication.Tag`);
      expect(await all(target.log, tags.name)).toEqual([]);
      expect(await all(target.log, conversationEvents.name)).toEqual([]);
    });

    it('a source whose groups have members', async () => {
      await source.log.append(conversationEvents.name, [text('a', '1')]);
      const consumer = await source.log.consumer({ group: GROUP, topics: [conversationEvents.name] });
      const batch = await consumer.next({ maxWaitMs: 5_000 });
      await batch?.commit();
      expect((await refusal()).message).toContain('source is in use');
      await consumer.close();
      await copy();
    });

    it('a source that was written to meanwhile; what came is copied by resuming', async () => {
      await source.log.append(tags.name, [text('a', '1')]);
      let late = true;
      const log = overlay(target.log, {
        append: async (...args) => {
          if (late) await source.log.append(tags.name, [text('late', '1')]);
          late = false;
          return target.log.append(...args);
        },
      });
      expect((await refusal({ target: { ...target, log } })).message).toContain('was written to during the copy');
      await copy({ resume: true });
      expect((await all(target.log, tags.name)).map(({ key }) => key)).toEqual(['a', 'late']);
    });

    it('a copy in which something went wrong on the way, by its records and by its states', async () => {
      const codec = await Codec.open(conversationEvents, source.schemas);
      const about = { eventId: 'e', accountId: 1, conversationId: 'c', occurredAt: 1 };
      const value = codec.encode('ConversationStateSet', {
        ...about,
        actorKind: 'user',
        actorId: null,
        cause: null,
        state: 'OPEN',
      });
      await source.log.append(conversationEvents.name, [{ key: 'c', value }]);
      const log = overlay(target.log, {
        append: (topic, records) => {
          const altered = records.map((record) => ({ ...record, value: Buffer.from(record.value ?? '') }));
          // The last letter of the state.
          for (const { value } of altered) value[value.lastIndexOf('OPEN') + 3] = 'M'.charCodeAt(0);
          return target.log.append(topic, altered);
        },
      });
      const { message } = await refusal({ target: { ...target, log }, verify: false, states: true });
      expect(message).toMatch(
        /^the states of partition \d differ: [0-9a-f]{64} of the source, [0-9a-f]{64} of the target$/,
      );
      expect((await refusal({ resume: true })).message).toContain('the target is no copy of the source');
    });

    it.each([
      ['another value', [text('a', '1', { timestamp: 1 }), text('b', 'not 2', { timestamp: 2 })]],
      ['another key', [text('a', '1', { timestamp: 1 }), text('not b', '2', { timestamp: 2 })]],
      ['another time', [text('a', '1', { timestamp: 1 }), text('b', '2', { timestamp: 3 })]],
      ['another header', [text('a', '1', { timestamp: 1, headers: { x: 'y' } })]],
      [
        'more than the source',
        ['1', '2', '3', '4'].map((value, i) => text('ab'[i] ?? 'c', value, { timestamp: i + 1 })),
      ],
      ['a gap', [text('a', '1', { timestamp: 1 }), text('c', '3', { timestamp: 3 })]],
    ])('to resume on %s', async (_, there) => {
      const one = { ...topicSpec(conversationEvents, 1) };
      const [from, to] = [await openEnd('from'), await openEnd('to')];
      for (const { log } of [from, to]) await log.ensureTopics([one]);
      await from.log.append(
        one.name,
        ['1', '2', '3'].map((value, i) => text('abc'[i] ?? '', value, { timestamp: i + 1 })),
      );
      await to.log.append(one.name, there);
      const { message } = await refusal({ source: from, target: to, resume: true });
      expect(message).toContain(`${one.name}, partition 0: the target is no copy of the source`);
      expect((await all(to.log, one.name)).length).toBe(there.length);
      await from.destroy();
      await to.destroy();
    });
  });

  it('goes on where it was cut off, on any log, at any place', async () => {
    const record = fc.record({
      topic: fc.constantFrom(tags.name, conversationEvents.name),
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      value: fc.oneof(fc.constant(null), fc.string(), fc.constant('frame')),
    });
    const frames = await Codec.open(tags, source.schemas);
    const framed = frames.encode('Tag', { id: '1', accountId: 1, name: 'VIP', color: 'x', createdAt: 0 } as never);
    await fc.assert(
      fc.asyncProperty(
        fc.array(record, { maxLength: 40 }),
        fc.nat(40),
        fc.array(fc.nat(6), { maxLength: 3 }),
        fc.array(fc.record({ topic: fc.constantFrom(tags.name, conversationEvents.name), at: fc.nat(100) })),
        async (records, compactedAfter, cuts, positions) => {
          const [from, to] = [await openEnd('from'), await openEnd('to')];
          try {
            const specs = [tags, conversationEvents].map((topic) => topicSpec(topic, PARTITIONS));
            await from.log.ensureTopics(specs);
            const { id } = await from.schemas.register('tag', avsc('Tag'));
            framed.writeUInt32BE(id, 1);
            for (const [i, { topic, key, value }] of records.entries()) {
              const bytes = value === 'frame' ? framed : value === null ? null : Buffer.from(value);
              await from.log.append(topic, [{ key, value: bytes, timestamp: 1_000 + i }]);
              if (i === compactedAfter) await from.log.maintain(Date.now());
            }
            for (const { topic, at } of positions) {
              const committed = [...(await from.log.ends(topic))].map(
                ([p, end]) => [p, Math.floor((end * at) / 100)] as const,
              );
              await from.log.resetOffsets(GROUP, topic, new Map(committed));
            }
            for (const cut of cuts) {
              let left = cut;
              const log = overlay(to.log, {
                append: async (...args) => {
                  if (left-- > 0) return to.log.append(...args);
                  throw new LogError('LOG_UNAVAILABLE', 'cut off');
                },
              });
              await copy({ source: from, target: { ...to, log }, resume: true }).catch((error) => {
                if (!(error instanceof LogError)) throw error;
              });
            }
            await copy({ source: from, target: to, resume: true });
            for (const { name } of specs) {
              const [ours, theirs] = [await all(from.log, name), await all(to.log, name)];
              expect(theirs.map(content)).toEqual(ours.map(content));
              const ids = new Set(theirs.map(({ value }) => schemaIdOf(value)));
              ids.delete(undefined);
              for (const copied of ids) expect(await to.schemas.schemaOf(copied ?? 0)).toEqual(avsc('Tag'));
              // Whoever goes on at its position gets the same records as before.
              const [was, is] = [await from.log.committed(GROUP, name), await to.log.committed(GROUP, name)];
              const rest = (records: readonly LogRecord[], of: typeof was) =>
                records.filter(({ partition, offset }) => offset >= (of.get(partition) ?? 0)).map(content);
              expect([...is.keys()]).toEqual([...was.keys()]);
              expect(rest(theirs, is)).toEqual(rest(ours, was));
            }
          } finally {
            await from.destroy();
            await to.destroy();
          }
        },
      ),
      { numRuns: 25 },
    );
  });
});

/** A log with some of its methods replaced. */
function overlay(log: Log, methods: Partial<Log>): Log {
  return new Proxy(log, {
    get: (of, name) => {
      const replaced = (methods as Record<string | symbol, unknown>)[name];
      if (replaced !== undefined) return replaced;
      const own: unknown = Reflect.get(of, name);
      return typeof own === 'function' ? own.bind(of) : own;
    },
  });
}

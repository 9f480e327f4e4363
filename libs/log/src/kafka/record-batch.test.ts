import fc from 'fast-check';
import type { LogRecord, Offset } from '../port';
import { crc32c } from './crc32c';
import { type AbortedTransaction, RecordSet } from './record-batch';

interface Encoded {
  readonly buffer: Buffer;
}

/** The peer: kafkajs's own encoder. */
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoded;
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoded>;
};

const PLACE = { topic: 'conversations', partition: 3 };
const GZIP = 1;

interface Written {
  readonly key: string | null;
  readonly value: Buffer | null;
  readonly headers: Record<string, string>;
  readonly timestampDelta: number;
  /** Offsets left out before it, as compaction leaves them. */
  readonly hole: number;
}

interface BatchOptions {
  readonly base?: number;
  readonly baseTimestamp?: number;
  readonly compression?: number;
  /** Offsets left out after the last record. */
  readonly holeAfter?: number;
  readonly producerId?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
}

/** One batch, and what is to be read from it. */
async function batch(written: readonly Written[], options: BatchOptions = {}) {
  const { base = 0, baseTimestamp = 1_700_000_000_000, compression = 0, holeAfter = 0 } = options;
  const { producerId = -1, transactional = false, control = false } = options;
  let delta = -1;
  const records = written.map((record) => {
    delta += 1 + record.hole;
    return { offsetDelta: delta, record };
  });
  const lastOffsetDelta = delta + holeAfter;
  const { buffer } = await encodeBatch({
    compression,
    firstOffset: base,
    firstTimestamp: baseTimestamp,
    maxTimestamp: baseTimestamp + 5000,
    lastOffsetDelta,
    producerId,
    transactional,
    records: records.map(({ offsetDelta, record }) => encodeRecord({ ...record, offsetDelta })),
  });
  const bytes = Buffer.from(buffer);
  // kafkajs writes no control batches.
  if (control) bytes.writeInt16BE(bytes.readInt16BE(21) | 0x20, 21);
  return {
    bytes: control ? sealed(bytes) : bytes,
    next: base + lastOffsetDelta + 1,
    records: records.map(({ offsetDelta, record: { key, value, headers, timestampDelta } }) => ({
      partition: PLACE.partition,
      offset: base + offsetDelta,
      key,
      value,
      headers,
      timestamp: baseTimestamp + timestampDelta,
    })),
  };
}

/** With the checksum of what was changed. */
const sealed = (bytes: Buffer) => {
  bytes.writeUInt32BE(crc32c(bytes, 21, bytes.length), 17);
  return bytes;
};

const texts = (...values: string[]): Written[] =>
  values.map((value) => ({ key: 'k', value: Buffer.from(value), headers: {}, timestampDelta: 0, hole: 0 }));

/** The marker that ends a transaction. */
const marker = (base: number, producerId: number, type: 'abort' | 'commit') => {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  const record = { ...texts('')[0], key, value: Buffer.alloc(6) } as unknown as Written;
  return batch([record], { base, producerId, transactional: true, control: true });
};

/** Takes all, `max` at a time. */
function takeAll(set: RecordSet, max = 500): { records: LogRecord[]; next: Offset } {
  const records: LogRecord[] = [];
  let next = 0;
  while (!set.done) {
    const some: LogRecord[] = [];
    next = set.take(max, some);
    expect(some.length).toBeLessThanOrEqual(max);
    records.push(...some);
  }
  return { records, next };
}

const valuesOf = (records: readonly LogRecord[]) => records.map(({ value }) => value?.toString());

const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const anyRecord: fc.Arbitrary<Written> = fc.record({
  key: fc.option(fc.string({ unit: 'binary', maxLength: 90 })),
  value: fc.option(anyBytes),
  headers: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { maxKeys: 4 }),
  timestampDelta: fc.integer({ min: -1_000_000, max: 2 ** 31 - 1 }),
  hole: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 0, max: 70_000 })),
});
const anyBatch = fc.record({
  written: fc.array(anyRecord, { maxLength: 20 }),
  compression: fc.constantFrom(0, GZIP),
  holeAfter: fc.integer({ min: 0, max: 300 }),
  baseTimestamp: fc.integer({ min: -1, max: 2 ** 45 }),
});

describe('record batches', () => {
  it('are read as kafkajs wrote them, from any offset, in pieces of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyBatch, { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 2 ** 40 }),
        fc.integer({ min: 1, max: 25 }),
        fc.nat(),
        async (batches, start, max, skip) => {
          const bytes: Buffer[] = [];
          const expected: LogRecord[] = [];
          let base = start;
          for (const { written, ...options } of batches) {
            // A batch has one offset at least, though its records may all be gone.
            const holeAfter = options.holeAfter + (written.length === 0 ? 1 : 0);
            const one = await batch(written, { ...options, holeAfter, base });
            bytes.push(one.bytes);
            expected.push(...one.records);
            base = one.next;
          }
          const from = start + (skip % (base - start));
          const set = new RecordSet(PLACE, Buffer.concat(bytes), from);
          expect(set.next).toBe(base);
          const read = takeAll(set, max);
          expect(read.next).toBe(base);
          expect(read.records).toEqual(expected.filter(({ offset }) => offset >= from));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('that were cut off are left for the next fetch', async () => {
    const [first, second] = [await batch(texts('a', 'b')), await batch(texts('c'), { base: 2 })];
    const whole = Buffer.concat([first.bytes, second.bytes]);
    for (let length = first.bytes.length; length < whole.length; length++) {
      const set = new RecordSet(PLACE, whole.subarray(0, length), 0);
      expect(set.next).toBe(2);
      expect(valuesOf(takeAll(set).records)).toEqual(['a', 'b']);
    }
  });

  it('that are torn are refused, whatever the fault', async () => {
    const { bytes } = await batch(texts('some', 'values', 'that', 'are', 'read'));
    fc.assert(
      fc.property(fc.integer({ min: 17, max: bytes.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const torn = Buffer.from(bytes);
        torn[at] = (torn[at] ?? 0) ^ change;
        expect(() => takeAll(new RecordSet(PLACE, torn, 0))).toThrow(
          expect.objectContaining({ code: 'RECORD_UNREADABLE', facts: { ...PLACE, offset: 0 } }),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('that say what is not so give an error or records, and never anything else', async () => {
    const { bytes } = await batch(texts('some', 'values', 'that', 'are', 'read'));
    fc.assert(
      fc.property(fc.integer({ min: 12, max: bytes.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const wrong = Buffer.from(bytes);
        wrong[at] = byte;
        const set = new RecordSet(PLACE, sealed(wrong), 0);
        try {
          takeAll(set);
        } catch (error) {
          expect(error).toMatchObject({ code: 'RECORD_UNREADABLE' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('give all that is before what can not be read, then refuse, again and again', async () => {
    const [good, bad, after] = [
      await batch(texts('a')),
      await batch(texts('b'), { base: 1 }),
      await batch(texts('c'), { base: 2 }),
    ];
    bad.bytes.writeInt16BE(2, 21);
    const set = new RecordSet(PLACE, Buffer.concat([good.bytes, sealed(bad.bytes), after.bytes]), 0);
    const records: LogRecord[] = [];
    expect(set.take(10, records)).toBe(1);
    expect(valuesOf(records)).toEqual(['a']);
    for (let n = 0; n < 2; n++) {
      expect(() => set.take(10, [])).toThrow(
        expect.objectContaining({
          code: 'RECORD_UNREADABLE',
          message: expect.stringMatching(/snappy/),
          facts: { ...PLACE, offset: 1 },
        }),
      );
    }
  });

  it('of an older message format are refused', async () => {
    const { bytes } = await batch(texts('a'));
    bytes[16] = 1;
    for (const length of [bytes.length, 40]) {
      const old = Buffer.from(bytes.subarray(0, length));
      old.writeInt32BE(length - 12, 8);
      expect(() => new RecordSet(PLACE, old, 0).take(1, [])).toThrow(/message format 1/);
    }
  });

  it('beyond 2^53 are refused', async () => {
    const { bytes } = await batch(texts('a'));
    bytes.writeBigInt64BE(2n ** 53n, 0);
    expect(() => new RecordSet(PLACE, bytes, 0).take(1, [])).toThrow(/above 2\^53/);
  });

  it('take the time of the append where the broker sets it', async () => {
    const { bytes } = await batch(texts('a', 'b'), { baseTimestamp: 1000 });
    bytes.writeInt16BE(bytes.readInt16BE(21) | 0x08, 21);
    expect(takeAll(new RecordSet(PLACE, sealed(bytes), 0)).records.map(({ timestamp }) => timestamp)).toEqual([
      6000, 6000,
    ]);
  });

  it('of other clients may repeat headers, or leave their value out', async () => {
    const header = (key: string, value: string | null) => [
      Buffer.from([key.length * 2]),
      Buffer.from(key),
      Buffer.from(value === null ? [1] : [value.length * 2, ...Buffer.from(value)]),
    ];
    const headers = Buffer.concat([header('a', '1'), header('a', '2'), header('none', null)].flat());
    // Attributes, timestamp and offset delta, null key, null value, three headers.
    const body = Buffer.concat([Buffer.from([0, 0, 0, 1, 1, 3 * 2]), headers]);
    const { bytes } = await batch(texts('a'));
    const foreign = Buffer.concat([bytes.subarray(0, 61), Buffer.from([body.length * 2]), body]);
    foreign.writeInt32BE(foreign.length - 12, 8);
    const { records } = takeAll(new RecordSet(PLACE, sealed(foreign), 0));
    expect(records[0]).toMatchObject({ key: null, value: null, headers: { a: '2', none: '' } });
  });

  describe('of transactions', () => {
    const data = (base: number, producerId: number, ...values: string[]) =>
      batch(texts(...values), { base, producerId, transactional: true });
    const read = async (batches: Promise<{ bytes: Buffer }>[], aborted: AbortedTransaction[], from = 0) => {
      const bytes = (await Promise.all(batches)).map((one) => one.bytes);
      const { records, next } = takeAll(new RecordSet(PLACE, Buffer.concat(bytes), from, aborted));
      return { values: valuesOf(records), next };
    };

    it('leave out what was given up, and all markers', async () => {
      const batches = [
        data(0, 1, 'given up'),
        data(1, 2, 'kept'),
        batch(texts('without'), { base: 2 }),
        marker(3, 1, 'abort'),
        data(4, 1, 'kept too'),
        marker(5, 2, 'commit'),
        data(6, 2, 'given up later'),
        marker(7, 1, 'commit'),
        marker(8, 2, 'abort'),
      ];
      const aborted = [
        { producerId: 2n, firstOffset: 6 },
        { producerId: 1n, firstOffset: 0 },
      ];
      expect(await read(batches, aborted)).toEqual({ values: ['kept', 'without', 'kept too'], next: 9 });
    });

    it('may begin before the offset that is fetched', async () => {
      const batches = [data(5, 1, 'x', 'y'), data(7, 1, 'z'), marker(8, 1, 'abort'), data(9, 1, 'next')];
      const aborted = [{ producerId: 1n, firstOffset: 2 }];
      expect(await read(batches, aborted, 6)).toEqual({ values: ['next'], next: 10 });
    });

    it('bear a marker that compaction took away', async () => {
      const empty = await batch([], { base: 1, holeAfter: 1, producerId: 1, transactional: true, control: true });
      expect(await read([data(0, 1, 'kept'), Promise.resolve(empty)], [])).toEqual({ values: ['kept'], next: 2 });
    });
  });
});

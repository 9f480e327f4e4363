import fc from 'fast-check';
import { crc32c } from './crc32c';
import { BATCH_HEADER_BYTES, type Encodable, encodedBytesMax, encodeRecordBatch } from './record-batch-encoder';

interface Encoded {
  readonly buffer: Buffer;
}

/** The peer: kafkajs's own encoder. */
const encodeRecord = require('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoded;
const { RecordBatch: encodeBatch } = require('kafkajs/src/protocol/recordBatch/v0') as {
  RecordBatch: (batch: object) => Promise<Encoded>;
};
const LEADER_EPOCH = 12;

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const record: fc.Arbitrary<Encodable> = fc.record({
  key: fc.option(bytes),
  value: fc.option(
    fc.oneof(
      bytes,
      fc.integer({ min: 0, max: 70_000 }).map((size) => Buffer.alloc(size, 'x')),
    ),
  ),
  headers: fc.dictionary(fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ unit: 'binary', maxLength: 90 }), {
    maxKeys: 4,
  }),
  timestamp: fc.integer({ min: 0, max: 253_402_300_799_999 }),
});

const encode = (records: readonly Encodable[], sequence = { producerId: 7n, epoch: 2, first: 40 }) =>
  encodeRecordBatch(
    records,
    records.reduce((sum, each) => sum + encodedBytesMax(each.key, each.value, each.headers), 0),
    sequence,
  );

it('writes the bytes that kafkajs writes, checksum included', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(record, { minLength: 1, maxLength: 20 }),
      fc.record({
        producerId: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        epoch: fc.nat(32_767),
        first: fc.nat(2 ** 31 - 1),
      }),
      async (records, sequence) => {
        const base = records[0]?.timestamp ?? 0;
        const theirs = await encodeBatch({
          records: records.map(({ timestamp, ...rest }, offsetDelta) =>
            encodeRecord({ ...rest, offsetDelta, timestampDelta: timestamp - base }),
          ),
          firstTimestamp: base,
          maxTimestamp: Math.max(...records.map(({ timestamp }) => timestamp)),
          producerId: sequence.producerId,
          producerEpoch: sequence.epoch,
          firstSequence: sequence.first,
          lastOffsetDelta: records.length - 1,
          compression: 0,
        });
        // Brokers put their own leader epoch there; Java's producer writes -1, kafkajs 0.
        const expected = Buffer.from(theirs.buffer);
        expected.writeInt32BE(-1, LEADER_EPOCH);
        expect(encode(records, sequence).equals(expected)).toBe(true);
      },
    ),
  );
});

it('tells beforehand what a record takes at most', () => {
  fc.assert(
    fc.property(record, (each) => {
      const size = encode([each]).length;
      const { key, value, headers } = each;
      expect(encodedBytesMax(key, value, headers) + BATCH_HEADER_BYTES).toBeGreaterThanOrEqual(size);
    }),
  );
});

it('computes the checksum of RFC 3720', () => {
  const sum = (bytes: Buffer) => crc32c(bytes, 0, bytes.length);
  expect(sum(Buffer.alloc(32))).toBe(0x8a9136aa);
  expect(sum(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
  expect(sum(Buffer.from(Array.from({ length: 32 }, (_, n) => n)))).toBe(0x46dd794e);
  expect(sum(Buffer.from('123456789'))).toBe(0xe3069283);
});

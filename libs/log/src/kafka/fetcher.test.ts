import { pino } from 'pino';
import type { LogRecord, Offset } from '../port';
import type { Cluster } from './cluster';
import type { Connection } from './connection';
import type { FetchedPartition } from './fetch-request';
import { Fetcher } from './fetcher';
import { Decoder, type Encoder } from './kafkajs';
import { encodeRecordBatch } from './record-batch-encoder';
import type { ApiRequest } from './request';

const MIB = 2 ** 20;

interface Asked {
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly places: readonly { readonly partition: number; readonly offset: Offset }[];
}

type Answer = Partial<FetchedPartition> | undefined;

/** One batch of one record. */
function batchAt(offset: Offset, bytes = 10): Buffer {
  const record = { key: null, value: Buffer.alloc(bytes, 'x'), headers: {}, timestamp: 0 };
  const batch = encodeRecordBatch([record], bytes + 100, { producerId: -1n, epoch: -1, first: -1 });
  batch.writeBigInt64BE(BigInt(offset), 0);
  return batch;
}

/** What the fetcher knows of a cluster, with brokers that answer as a test says. */
class Brokers {
  readonly asked: Asked[] = [];
  readonly answered: FetchedPartition[] = [];
  leader = 1;
  isTiered = false;
  bounds = { start: 0, end: 0 };
  staleCalls = 0;
  private readonly ended = new AbortController();

  constructor(private readonly answer: (asked: Asked, node: number) => readonly Answer[]) {}

  get cluster(): Cluster {
    const leaders = () => new Map(Array.from({ length: 50 }, (_, partition) => [partition, this.leader]));
    const connection = (node: number) =>
      Promise.resolve({ send: (request) => this.send(request, node), alive: true, close: () => {} } as Connection);
    return {
      prefix: 'p.',
      signal: this.ended.signal,
      leaders: async () => leaders(),
      knownLeaders: leaders,
      stale: () => void this.staleCalls++,
      control: connection,
      anyControl: () => connection(0),
      dedicated: connection,
    } as Partial<Cluster> as Cluster;
  }

  private async send<T>(request: ApiRequest<T>, node: number): Promise<T> {
    await new Promise((resolve) => setImmediate(resolve));
    const payload = await request.exchange(ALL_VERSIONS).request.encode();
    return (request.name === 'Fetch' ? this.fetch(payload, node) : this.other(request.name, payload)) as T;
  }

  private fetch(payload: Encoder, node: number): readonly FetchedPartition[] {
    const decoder = new Decoder(payload.buffer);
    decoder.readInt32();
    const maxWaitMs = decoder.readInt32();
    decoder.readInt32();
    const maxBytes = decoder.readInt32();
    decoder.readInt8();
    decoder.readInt32();
    decoder.readInt32();
    const topics = decoder.readArray(() => {
      expect(decoder.readString()).toBe('p.topic');
      return decoder.readArray(() => {
        const partition = decoder.readInt32();
        decoder.readInt32();
        const offset = Number(decoder.readInt64());
        decoder.readInt64();
        decoder.readInt32();
        return { partition, offset };
      });
    });
    const asked = { maxWaitMs, maxBytes, places: topics.flat() };
    this.asked.push(asked);
    const found = this.answer(asked, node).flatMap((answer, index): FetchedPartition[] => {
      const { partition = -1 } = asked.places[index] ?? {};
      const nothing = { code: 0, end: 0, aborted: [], records: Buffer.alloc(0) };
      return answer ? [{ topic: 'p.topic', partition, ...nothing, ...answer }] : [];
    });
    this.answered.push(...found);
    return found;
  }

  private other(name: string, payload: Encoder): unknown {
    if (name === 'DescribeConfigs') {
      const configEntries = [{ configName: 'remote.storage.enable', configValue: `${this.isTiered}` }];
      return { resources: [{ configEntries }] };
    }
    expect(name).toBe('ListOffsets');
    // The timestamp -2 stands for the start.
    const isStart = payload.buffer.readInt32BE(payload.buffer.length - 4) === -2;
    const offset = `${isStart ? this.bounds.start : this.bounds.end}`;
    return { responses: [{ topic: 'p.topic', partitions: [{ partition: 0, errorCode: 0, offset }] }] };
  }
}

const ALL_VERSIONS = Object.fromEntries(
  Array.from({ length: 60 }, (_, key) => [key, { minVersion: 0, maxVersion: 2 }]),
);

describe('the fetcher', () => {
  let fetcher: Fetcher | undefined;
  afterEach(() => fetcher?.close());

  const start = (brokers: Brokers) => {
    fetcher = new Fetcher({ cluster: brokers.cluster, logger: pino({ level: 'silent' }), onChange: () => {} });
    return fetcher;
  };

  /** Takes until the partition's position is there. */
  const readTo = async (own: Fetcher, stream: { position: Offset }, offset: Offset): Promise<LogRecord[]> => {
    const records: LogRecord[] = [];
    await until(() => {
      records.push(...(own.take(100)?.batch.records ?? []));
      return stream.position >= offset;
    });
    return records;
  };

  it('passes a gap that compaction left without a batch', async () => {
    const brokers = new Brokers(({ places }) =>
      places.map(({ offset }) => ({ end: 10, records: offset < 3 ? batchAt(2) : Buffer.alloc(0) })),
    );
    const own = start(brokers);
    const stream = own.add('topic', 0, 0);
    expect((await readTo(own, stream, 10)).map(({ offset }) => offset)).toEqual([2]);
    expect(stream.isCaughtUp).toBe(true);
  });

  it('takes an empty answer for no gap, where the broker had the records only later', async () => {
    let empty = 2;
    const brokers = new Brokers(({ places }) =>
      places.map(({ offset }) => ({ end: 10, records: offset < 10 && empty-- <= 0 ? batchAt(9) : Buffer.alloc(0) })),
    );
    const own = start(brokers);
    expect((await readTo(own, own.add('topic', 0, 3), 10)).map(({ offset }) => offset)).toEqual([9]);
  });

  it('takes no answer for a gap where records may be in remote storage', async () => {
    const brokers = new Brokers(({ places }) => places.map(() => ({ end: 10 })));
    brokers.isTiered = true;
    const own = start(brokers);
    const stream = own.add('topic', 0, 3);
    await until(() => brokers.asked.length > 6);
    expect(own.take(1)).toBeUndefined();
    expect(stream).toMatchObject({ position: 3, lastError: { code: 'LOG_UNAVAILABLE' } });
  });

  it('takes an answer that leaves a partition out for nothing', async () => {
    const brokers = new Brokers(() => []);
    const own = start(brokers);
    const stream = own.add('topic', 0, 3);
    await until(() => brokers.asked.length > 5);
    expect(stream.position).toBe(3);
  });

  /** As brokers do: batches as they fit; one that does not fit comes all the same if nothing is before it. */
  const fill = ({ places, maxBytes }: Asked, batch: (partition: number, offset: Offset) => Buffer | undefined) => {
    let room = maxBytes;
    return places.map(({ partition, offset }) => {
      const records = batch(partition, offset);
      if (!records || (records.length > Math.min(room, MIB) && room < maxBytes))
        return { end: offset + (records ? 1 : 0) };
      room -= records.length;
      return { end: offset + 1000, records };
    });
  };

  it('reads a batch that is larger than an answer, beside partitions that always have records', async () => {
    const brokers = new Brokers((asked) =>
      fill(asked, (partition, offset) => {
        if (partition === 7) return offset === 0 ? batchAt(0, 6 * MIB) : undefined;
        return batchAt(offset, MIB / 2);
      }),
    );
    const own = start(brokers);
    const streams = Array.from({ length: 10 }, (_, partition) => own.add('topic', partition, 0));
    const large = streams[7];
    await until(() => own.take(100) !== undefined && large?.position === 1);
    // The others were not held up either.
    await until(() => own.take(100) !== undefined && streams.every(({ position }) => position > 0));
  });

  it('reads ahead so far and no further, and goes on when something was taken', async () => {
    const brokers = new Brokers((asked) => fill(asked, (_, offset) => batchAt(offset, MIB / 4)));
    const own = start(brokers);
    for (let partition = 0; partition < 40; partition++) own.add('topic', partition, 0);
    const given = () => brokers.answered.reduce((sum, { records }) => sum + records.length, 0);
    await until(() => given() > 4 * MIB);
    await quiet(brokers);
    expect(given()).toBeLessThanOrEqual(8 * MIB);
    const before = given();
    await until(() => own.take(1) !== undefined && given() > before);
  });

  it('waits for new records of what is read to the end, and fetches the rest at once', async () => {
    const brokers = new Brokers((asked) =>
      fill(asked, (partition, offset) => (partition ? batchAt(offset) : undefined)),
    );
    const own = start(brokers);
    own.add('topic', 0, 5);
    own.add('topic', 1, 0);
    await until(() => {
      own.take(1);
      return brokers.asked.filter(({ maxWaitMs }) => maxWaitMs > 0).length > 3;
    });
    for (const { maxWaitMs, places } of brokers.asked.slice(1)) {
      expect([maxWaitMs > 0, places.map(({ partition }) => partition)]).toEqual([
        places[0]?.partition === 0,
        [maxWaitMs > 0 ? 0 : 1],
      ]);
    }
  });

  it('goes on where a partition has another leader', async () => {
    const brokers = new Brokers(({ places }, node) =>
      places.map(({ offset }) =>
        node === 2 ? { end: 1, records: offset === 0 ? batchAt(0) : Buffer.alloc(0) } : { code: 6 },
      ),
    );
    const own = start(brokers);
    const stream = own.add('topic', 0, 0);
    await until(() => brokers.staleCalls > 1);
    brokers.leader = 2;
    expect(await readTo(own, stream, 1)).toHaveLength(1);
  });

  it('believes an offset to be out of range only if it is', async () => {
    let refusals = 3;
    const brokers = new Brokers(({ places }) =>
      places.map(({ offset }) =>
        refusals-- > 0 ? { code: 1 } : { end: 6, records: offset === 5 ? batchAt(5) : Buffer.alloc(0) },
      ),
    );
    brokers.bounds = { start: 0, end: 6 };
    const own = start(brokers);
    expect(await readTo(own, own.add('topic', 0, 5), 6)).toHaveLength(1);
  });

  it('refuses what is out of range after giving what it has, for good', async () => {
    const brokers = new Brokers(({ places }) =>
      places.map(({ offset }) => (offset === 0 ? { end: 9, records: batchAt(0) } : { code: 1 })),
    );
    brokers.bounds = { start: 4, end: 9 };
    const own = start(brokers);
    const stream = own.add('topic', 0, 0);
    await until(() => stream.refusal !== undefined);
    expect(own.take(10)?.batch).toMatchObject({ next: 1 });
    for (let n = 0; n < 3; n++) {
      expect(() => own.take(10)).toThrow(
        expect.objectContaining({
          code: 'OFFSET_OUT_OF_RANGE',
          facts: { topic: 'topic', partition: 0, offset: 1, start: 4, end: 9 },
        }),
      );
    }
    expect(stream.position).toBe(1);
  });

  it('fetches nothing behind a batch that can not be read', async () => {
    const old = batchAt(1);
    old[16] = 1;
    const brokers = new Brokers(({ places }) =>
      places.map(({ offset }) => ({ end: 9, records: offset === 0 ? Buffer.concat([batchAt(0), old]) : old })),
    );
    const own = start(brokers);
    const stream = own.add('topic', 0, 0);
    expect(await readTo(own, stream, 1)).toHaveLength(1);
    await quiet(brokers);
    for (let n = 0; n < 3; n++)
      expect(() => own.take(10)).toThrow(expect.objectContaining({ code: 'RECORD_UNREADABLE' }));
    expect(brokers.asked.length).toBeLessThan(5);
  });
});

/** Resolves when the fetcher asks for nothing more. */
async function quiet(brokers: Brokers): Promise<void> {
  for (let turns = 0, asked = -1; turns < 100; turns++) {
    if (brokers.asked.length !== asked) turns = 0;
    asked = brokers.asked.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition did not come true');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Kafka's own command line tools on topics of ours: what they write we read, and the other way round. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type LogRecord, openKafkaLog } from '@parley/log';
import pino from 'pino';
import { describeWithOwnKafka } from '../src';

const TOOLS = 'org.apache.kafka.tools';
const PARTITIONS = 7;
const keys = ['a', 'order-4711', 'größe', '注文', '👩‍👩‍👧', 'ключ', ' with spaces ', 'x'.repeat(500), '%00', '0'];

interface Seen {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
}

const byKey = (a: Seen, b: Seen) => (a.key < b.key ? -1 : 1);

/** Runs a tool to its end. @returns what it printed */
async function printed(tool: ChildProcess, input?: string): Promise<string> {
  const texts: Record<'out' | 'err', string> = { out: '', err: '' };
  tool.stdout?.setEncoding('utf8').on('data', (chunk) => {
    texts.out += chunk;
  });
  tool.stderr?.setEncoding('utf8').on('data', (chunk) => {
    texts.err += chunk;
  });
  tool.stdin?.end(input);
  const [code] = await once(tool, 'close');
  if (code !== 0) throw new Error(texts.err);
  return texts.out;
}

describeWithOwnKafka('interoperability', { registry: false }, (kafka) => {
  const spec = (name: string) => ({ name, partitions: PARTITIONS, cleanup: 'delete' as const, retentionMs: null });
  const open = () =>
    openKafkaLog({ brokers: kafka().brokers, clientId: 'interoperability', logger: pino({ level: 'silent' }) });
  const server = () => ['--bootstrap-server', kafka().brokers.join(',')];

  it('the console consumer reads what we append: keys, values and partitions', async () => {
    const log = await open();
    await log.ensureTopics([spec('ours')]);
    const records = keys.map((key) => ({ key, value: Buffer.from(`value of ${key}`) }));
    const places = await log.append('ours', records);
    const formatter = ['print.key=true', 'print.partition=true', 'key.separator=|'];
    const text = await printed(
      kafka().java(`${TOOLS}.consumer.ConsoleConsumer`, [
        ...server(),
        ...['--topic', 'ours', '--from-beginning', '--max-messages', String(keys.length)],
        ...formatter.flatMap((property) => ['--property', property]),
      ]),
    );
    const seen = text
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Seen => {
        const [, partition = '', key = '', value = ''] = /^Partition:(\d+)\|([^|]*)\|(.*)$/.exec(line) ?? [];
        return { partition: Number(partition), key, value };
      });
    const appended = keys.map((key, i) => ({ partition: places[i]?.partition ?? -1, key, value: `value of ${key}` }));
    expect(seen.sort(byKey)).toEqual(appended.sort(byKey));
    await log.close();
  }, 120_000);

  it("a Java producer's record goes to the partition that we choose for its key, and we read it", async () => {
    const log = await open();
    await log.ensureTopics([spec('theirs')]);
    const reading = ['parse.key=true', 'key.separator=|'];
    await printed(
      kafka().java(`${TOOLS}.ConsoleProducer`, [
        ...server(),
        ...['--topic', 'theirs'],
        ...reading.flatMap((property) => ['--property', property]),
      ]),
      keys.map((key) => `${key}|value of ${key}\n`).join(''),
    );
    const reader = await log.reader('theirs', 'earliest');
    const found: LogRecord[] = [];
    while (found.length < keys.length) found.push(...((await reader.next({ maxWaitMs: 5_000 }))?.records ?? []));
    const seen = found.map(({ partition, key, value }) => ({ partition, key: key ?? '', value: String(value) }));
    const wanted = await Promise.all(
      keys.map(async (key) => ({ partition: await log.partitionFor('theirs', key), key, value: `value of ${key}` })),
    );
    expect(new Set(wanted.map(({ partition }) => partition)).size).toBeGreaterThan(2);
    expect(seen.sort(byKey)).toEqual(wanted.sort(byKey));
    await log.close();
  }, 120_000);
});

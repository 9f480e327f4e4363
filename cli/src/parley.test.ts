import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithKafka } from '@parley/kafka-dev';
import { openEmbeddedLog } from '@parley/log';

/** The compiled program (npm test builds first). */
const PARLEY = join(__dirname, '../dist/parley.js');
const EVENTS = 'communication.conversation-events';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-command-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** @param onNote told of what it says on standard error */
async function parley(args: readonly string[], env: NodeJS.ProcessEnv = {}, onNote?: (text: string) => void) {
  const child = spawn(process.execPath, [PARLEY, ...args], {
    cwd: dir,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const read = async (stream: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  if (onNote) child.stderr.on('data', (chunk: Buffer) => onNote(chunk.toString('utf8')));
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('parley', () => {
  it('lists its commands, and tells more of each', async () => {
    const { code, stdout } = await parley(['--help']);
    expect(code).toBe(0);
    for (const name of ['deploy', 'log copy', 'log states']) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
      const help = await parley([...name.split(' '), '--help']);
      expect([help.code, help.stdout.startsWith(`parley ${name}`)]).toEqual([0, true]);
    }
  });

  it.each([
    [[], 'a command is needed'],
    [['log'], 'no such command: log'],
    [['deploy', '--loud'], '--loud'],
    [['deploy', '--wait', 'soon'], '--wait: "soon" is no duration'],
    [['log', 'copy', '--to', 'kafka'], '--from: is needed'],
    [['log', 'states'], '--of: is needed'],
    [['log', 'copy', '--from', 'kafka', '--to', 'here'], '--to: "here" is neither'],
    [['log', 'copy', '--from', 'embedded:a', '--to', 'embedded:./a'], '--to: is the log of --from'],
  ])('answers %j with code 2', async (args, message) => {
    const { code, stdout, stderr } = await parley(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('answers a configuration that is wrong with code 78', async () => {
    const bad = await parley(['deploy'], { PARTITIONS: 'many', API_PORT: 'eighty' });
    expect(bad.code).toBe(78);
    for (const name of ['PARTITIONS', 'API_PORT']) expect(bad.stderr).toMatch(new RegExp(`^  ${name}: `, 'm'));
    const unset = await parley(['log', 'copy', '--from', 'embedded:data', '--to', 'kafka']);
    expect(unset).toMatchObject({ code: 78, stdout: '' });
  });
});

describe('parley deploy', () => {
  it('makes topics and schemas once, and makes no secrets', async () => {
    const first = await parley(['deploy', '--json'], { DATA_DIR: 'data', PARTITIONS: '2' });
    expect([first.code, first.stderr]).toEqual([0, '']);
    const made = JSON.parse(first.stdout);
    expect(made.topics).toContainEqual({ name: EVENTS, partitions: 2, made: true });
    expect(made.topics.map(({ name }: { name: string }) => name)).toContain('source.facebook.events.dead-letters');
    expect(made.schemas.find(({ subject }: { subject: string }) => subject.endsWith('MessageReceived')).isNew).toBe(
      true,
    );
    expect(existsSync(join(dir, 'data', 'system-token'))).toBe(false);

    const second = await parley(['deploy'], { DATA_DIR: 'data', PARTITIONS: '2' });
    expect(second.code).toBe(0);
    expect(second.stdout).toContain(`there  topic   ${EVENTS} (2 partitions)`);
    expect(second.stdout).not.toContain('made');
  });

  it('names every topic that differs, and makes none', async () => {
    const log = await openEmbeddedLog({ dir: join(dir, 'data', 'log') });
    await log.ensureTopics([
      { name: EVENTS, partitions: 3, cleanup: 'delete', retentionMs: 1000 },
      { name: 'communication.tags', partitions: 1, cleanup: 'delete', retentionMs: null },
    ]);
    await log.close();
    const { code, stdout, stderr } = await parley(['deploy'], { DATA_DIR: 'data', PARTITIONS: '2' });
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toContain(
      `${EVENTS} exists with other settings: partitions is 3, not 2, retentionMs is 1000, not null`,
    );
    expect(stderr).toContain('communication.tags exists with other settings: cleanup is delete, not compact');
    expect(stderr).not.toContain('    at ');
    expect(readdirSync(join(dir, 'data', 'log', 'topics')).sort()).toEqual([EVENTS, 'communication.tags']);
  });

  it('waits for brokers as long as it was told, and names them', async () => {
    const { code, stdout, stderr } = await parley(['deploy', '--wait', '1s'], {
      DATA_DIR: 'data',
      KAFKA_BROKERS: '127.0.0.1:1',
      SCHEMA_REGISTRY_URL: 'http://127.0.0.1:1',
    });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^parley: .*127\.0\.0\.1:1/m);
    expect(stderr).not.toContain('    at ');
  });
});

describe('parley log copy', () => {
  it('copies one directory to another and tells what it did', async () => {
    await parley(['deploy'], { DATA_DIR: 'from', PARTITIONS: '2' });
    const log = await openEmbeddedLog({ dir: join(dir, 'from', 'log') });
    await log.append(EVENTS, [{ key: 'a', value: Buffer.from('1'), partition: 1 }]);
    await log.resetOffsets('delivery-profiles', EVENTS, new Map([[1, 1]]));
    await log.close();
    const args = ['log', 'copy', '--from', 'embedded:from', '--to', 'embedded:to'];
    const { code, stdout, stderr } = await parley([...args, '--verify', '--json']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^copied 1 records, .* \(\d+\/s\)$/m);
    expect(JSON.parse(stdout)).toMatchObject({
      copied: 1,
      verified: true,
      positions: [{ group: 'delivery-profiles', topic: EVENTS, partition: 1, source: 1, target: 1 }],
    });

    const again = await parley(args);
    expect([again.code, again.stdout]).toEqual([1, '']);
    expect(again.stderr).toContain(`is not empty; it has records on:\n  ${EVENTS}`);
    const resumed = await parley([...args, '--resume']);
    expect(resumed.code).toBe(0);
    expect(resumed.stdout).toContain(`${EVENTS}: 1 records in 2 partitions`);
  });

  it('makes nothing where there is nothing to copy from', async () => {
    const { code, stderr } = await parley(['log', 'copy', '--from', 'embedded:nowhere', '--to', 'embedded:to']);
    expect(code).toBe(78);
    expect(stderr).toContain('nowhere holds no embedded log');
    expect(readdirSync(dir)).toEqual([]);
  });
});

describeWithKafka('parley deploy on Kafka', (kafka) => {
  let env: NodeJS.ProcessEnv;
  beforeEach(() => {
    const { brokers, registryUrl } = kafka();
    env = {
      KAFKA_BROKERS: brokers.join(','),
      SCHEMA_REGISTRY_URL: registryUrl,
      KAFKA_PREFIX: `deploy-${randomBytes(4).toString('hex')}.`,
      PARTITIONS: '2',
    };
  });

  it('makes topics and schemas once', async () => {
    const first = await parley(['deploy', '--json'], env);
    expect([first.code, first.stderr]).toEqual([0, '']);
    const { topics, schemas } = JSON.parse(first.stdout);
    expect(topics).toContainEqual({ name: EVENTS, partitions: 2, made: true });
    expect(topics.every(({ made }: { made: boolean }) => made)).toBe(true);
    expect(schemas.every(({ isNew }: { isNew: boolean }) => isNew)).toBe(true);
    const second = await parley(['deploy'], env);
    expect(second.code).toBe(0);
    expect(second.stdout).not.toContain('made');
    expect(second.stdout).toContain(`there  topic   ${EVENTS} (2 partitions)`);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('waits for a registry that comes up later', async () => {
    const there = new URL(env.SCHEMA_REGISTRY_URL ?? '');
    const proxy = createServer((socket) => {
      const onward = connect(Number(there.port), there.hostname);
      for (const end of [socket, onward]) end.on('error', () => end.destroy());
      socket.pipe(onward).pipe(socket);
    });
    await new Promise<void>((resolve) => proxy.listen(0, resolve));
    const { port } = proxy.address() as AddressInfo;
    await new Promise((resolve) => proxy.close(resolve));
    const later = new URL(there);
    later.host = `127.0.0.1:${port}`;
    const { code, stderr } = await parley(['deploy'], { ...env, SCHEMA_REGISTRY_URL: later.href }, (note) => {
      if (note.includes('waiting: ') && !proxy.listening) proxy.listen(port);
    });
    expect([code, stderr.split('\n').length]).toEqual([0, 2]);
    expect(stderr).toMatch(/^waiting: /);
    await new Promise((resolve) => proxy.close(resolve));
  });

  it('names every topic whose partitions differ', async () => {
    await parley(['deploy'], env);
    const { code, stdout, stderr } = await parley(['deploy'], { ...env, PARTITIONS: '3' });
    expect([code, stdout]).toEqual([78, '']);
    for (const name of [EVENTS, 'communication.conversations', 'source.facebook.events']) {
      expect(stderr).toMatch(new RegExp(`${name} exists with other settings: partitions is 2, not 3$`, 'm'));
    }
  });

  it('names every subject whose schemas bear no reading across, and makes no topic', async () => {
    const subject = `${env.KAFKA_PREFIX}communication.tags-parley.communication.Tag`;
    const other = {
      type: 'record',
      name: 'Tag',
      namespace: 'parley.communication',
      fields: [{ name: 'x', type: 'int' }],
    };
    const answer = await fetch(`${env.SCHEMA_REGISTRY_URL}/subjects/${subject}/versions`, {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(other) }),
    });
    expect(answer.status).toBe(200);
    const { code, stdout, stderr } = await parley(['deploy'], env);
    expect([code, stdout]).toEqual([78, '']);
    expect(stderr).toContain(subject);
    const fixed = await parley(['deploy'], { ...env, KAFKA_PREFIX: `${env.KAFKA_PREFIX}other.` });
    expect(fixed.code).toBe(0);
    expect(fixed.stdout).not.toContain('there');
  });
});

import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { topics } from '@parley/contracts';
import { cachedFolder, mavenJars } from '@parley/kafka-dev';

const run = promisify(execFile);
const repository = resolve(__dirname, '../../..');
const folder = join(repository, 'bench/peers/kafka-streams');
const VERSION = '4.1.1';

export type Guarantee = 'at_least_once' | 'exactly_once_v2';

export interface StreamsRun {
  readonly events: number;
  /** From RUNNING until the last event was processed. */
  readonly foldedMs: number;
  /** From RUNNING until all of it was committed, and so was on the changelog and on the output topic. */
  readonly publishedMs: number;
  /** As lib/totals prints them. */
  readonly totals: Readonly<Record<string, number>>;
}

/** Folder of the compiled classes; another text is another folder. */
async function classes(jars: string): Promise<string> {
  const sources = (await readdir(join(folder, 'src'))).sort().map((name) => join(folder, 'src', name));
  const hash = createHash('sha256');
  for (const source of sources) hash.update(await readFile(source));
  return cachedFolder(`kafka-streams-peer-${VERSION}-${hash.digest('hex').slice(0, 16)}`, async (dir) => {
    await run('javac', ['-cp', join(jars, '*'), '-d', dir, ...sources]);
  });
}

/** Kafka Streams folding the conversation events from nothing. @param ids  as lib/schema-ids prints them */
export async function runStreams(brokers: readonly string[], ids: string, guarantee: Guarantee): Promise<StreamsRun> {
  const jars = await mavenJars(join(folder, 'pom.xml'), 'kafka-streams', VERSION);
  const classpath = `${await classes(jars)}:${join(jars, '*')}`;
  const stateDir = await mkdtemp(join(tmpdir(), 'parley-bench-streams-'));
  const options = {
    brokers: brokers.join(','),
    input: topics.conversationEvents.name,
    application: `bench-streams-${randomUUID()}`,
    stateDir,
    schemas: join(repository, 'schemas'),
    ids,
    guarantee,
  };
  const args = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  try {
    const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn';
    const { stdout } = await run('java', ['-Xmx2g', quiet, '-cp', classpath, 'Peer', ...args]);
    return JSON.parse(stdout) as StreamsRun;
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

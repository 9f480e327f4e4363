import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { System } from '../harness';
import type { Client, Json } from './client';

/** What an aggregator says of one partition's states. */
export interface PartitionHash {
  readonly partition: number;
  readonly applied: number;
  readonly hash: string;
  readonly conversations: number;
}

export async function stateHash(aggregator: Client): Promise<readonly PartitionHash[]> {
  const answer = await aggregator.expect<Json>(200, '/query/state-hash', {});
  const hashes = Array.isArray(answer) ? answer : Object.values(answer ?? {}).find(Array.isArray);
  expect(hashes).toEqual(expect.arrayContaining([expect.objectContaining({ hash: expect.any(String) })]));
  return hashes as readonly PartitionHash[];
}

/**
 * What a fresh aggregator knows once it has read the whole log of a system. On the embedded log the system must have
 * been stopped, for the log is copied.
 */
export async function freshStateHash(system: System): Promise<readonly PartitionHash[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-e2e-fresh-'));
  const { kafka } = system;
  if (kafka === undefined) {
    const state = join(system.dataDir, 'aggregator');
    await cp(system.dataDir, dataDir, { recursive: true, filter: (path) => path !== state });
  }
  // It publishes nothing: others may run on the same log.
  const fresh = await System.create({ mode: 'services', dataDir, kafka, env: { AGGREGATOR_REPLICA: '99' } });
  try {
    fresh.launchService('conversation-aggregator');
    await fresh.ready('conversation-aggregator');
    return await stateHash(fresh.aggregator);
  } finally {
    await fresh.destroy();
    await rm(dataDir, { recursive: true, force: true });
  }
}

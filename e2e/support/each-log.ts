import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithKafka } from '@parley/kafka-dev';
import type { SystemOptions } from '../harness';
import { newPlace } from './kafka';

/**
 * The same tests on the embedded log and on Kafka.
 * @param body  `log()` gives the options of a new system with a log of its own, inside of tests and hooks
 */
export function describeOnEachLog(name: string, body: (log: () => Pick<SystemOptions, 'kafka'>) => void): void {
  describe(`${name}, on the embedded log`, () => body(() => ({})));
  describeWithKafka(`${name}, on Kafka`, (kafka) => body(() => ({ kafka: newPlace(kafka()) })));
}

/** Data directories that outlive systems, for tests that start one again; deleted after the tests. */
export function keptDirs(): () => Promise<string> {
  const dirs: string[] = [];
  afterAll(() => Promise.all(dirs.map((dir) => rm(dir, { recursive: true, force: true }))));
  return async () => {
    const dir = await mkdtemp(join(tmpdir(), 'parley-e2e-kept-'));
    dirs.push(dir);
    return dir;
  };
}

import type { Config } from '@parley/service-kit';
import { DEPLOY_WAIT_MS, deployTo } from '../commands/deploy';

/**
 * On Kafka, what the services need is made before they start: they only look it up. The embedded log is theirs alone,
 * and they make it themselves.
 */
export function deployFirst(config: Config, line: (text: string) => void): () => Promise<void> {
  return async () => {
    if (!config.kafkaBrokers) return;
    const { topics, schemas } = await deployTo(config, { waitMs: DEPLOY_WAIT_MS, note: line });
    const made = topics.filter((topic) => topic.made).length;
    const registered = schemas.filter((schema) => schema.isNew).length;
    line(
      `Kafka: ${topics.length} topics, ${made} of them made now; ${schemas.length} schemas, ${registered} registered now`,
    );
  };
}

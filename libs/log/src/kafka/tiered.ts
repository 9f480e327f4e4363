import type { Cluster } from './cluster';
import { patiently } from './patience';
import { type ApiRequest, kafkajsRequest } from './request';

interface DescribeConfigsAnswer {
  readonly resources: readonly { configEntries: readonly { configName: string; configValue: string | null }[] }[];
}

const TOPIC = 2;
const SETTING = 'remote.storage.enable';

/** Whether brokers may keep older records of the topic (name on the broker) in a remote storage (KIP-405). */
export function isTiered(cluster: Cluster, topic: string): Promise<boolean> {
  const request: ApiRequest<DescribeConfigsAnswer> = kafkajsRequest('DescribeConfigs', {
    resources: [{ type: TOPIC, name: topic, configNames: [SETTING] }],
  });
  return patiently(cluster.signal, async () => {
    const { resources } = await (await cluster.anyControl()).send(request);
    // Brokers before 3.6 do not know the setting and name nothing.
    return resources.some(({ configEntries }) =>
      configEntries.some(({ configName, configValue }) => configName === SETTING && configValue === 'true'),
    );
  });
}

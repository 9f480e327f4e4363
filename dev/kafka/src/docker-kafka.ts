import { GenericContainer, Wait } from 'testcontainers';
import { brokerProperties } from './broker';
import { APICURIO_VERSION, KAFKA_VERSION } from './maven';
import type { KafkaAddresses } from './own-kafka';
import { freePorts } from './ports';
import { registryUrl } from './registry';

const REGISTRY_PORT = 8080;

/** Kafka and a schema registry in containers, which end with this process. */
export async function startDockerKafka(): Promise<KafkaAddresses & { destroy(): Promise<void> }> {
  // A broker tells clients where to find it, so its port must be the same inside and outside.
  const [port = 0, controllerPort = 0] = await freePorts(2);
  const properties = brokerProperties({
    host: '127.0.0.1',
    listenOn: '0.0.0.0',
    port,
    controllerPort,
    dataDir: '/tmp/kafka-data',
  });
  const environment = Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [`KAFKA_${name.toUpperCase().replaceAll('.', '_')}`, value]),
  );
  const [broker, registry] = await Promise.all([
    new GenericContainer(`apache/kafka:${KAFKA_VERSION}`)
      .withEnvironment(environment)
      .withExposedPorts({ container: port, host: port })
      .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
      .start(),
    new GenericContainer(`apicurio/apicurio-registry:${APICURIO_VERSION}`)
      .withExposedPorts(REGISTRY_PORT)
      .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', REGISTRY_PORT))
      .start(),
  ]);
  return {
    brokers: [`127.0.0.1:${port}`],
    registryUrl: registryUrl(registry.getHost(), registry.getMappedPort(REGISTRY_PORT)),
    destroy: async () => {
      await Promise.all([broker.stop(), registry.stop()]);
    },
  };
}

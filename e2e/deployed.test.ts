/** What `parley deploy` leaves on a cluster, as other programs see it. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithKafka } from '@parley/kafka-dev';
import { ConfigResourceTypes } from 'kafkajs';
import { System } from './harness';
import { kafkaClient, newPlace } from './support/kafka';

interface Schema {
  readonly namespace: string;
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

const schemaDir = join(__dirname, '..', 'schemas');
const schemas = readdirSync(schemaDir)
  .filter((file) => file.endsWith('.avsc'))
  .map((file): Schema => JSON.parse(readFileSync(join(schemaDir, file), 'utf8')));

describeWithKafka('a cluster after deploy', (kafka) => {
  let system: System | undefined;
  let prefix = '';

  beforeAll(async () => {
    const place = newPlace(kafka());
    prefix = place.prefix;
    system = await System.create({ mode: 'services', kafka: place });
    await system.deploy();
  }, 60_000);
  afterAll(() => system?.destroy());

  const url = (path: string) => `${kafka().registryUrl}${path}`;
  const ours = async (): Promise<readonly string[]> => {
    const subjects = (await (await fetch(url('/subjects'))).json()) as readonly string[];
    return subjects.filter((subject) => subject.startsWith(prefix));
  };
  const register = (subject: string, schema: object) =>
    fetch(url(`/subjects/${encodeURIComponent(subject)}/versions`), {
      method: 'POST',
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
      body: JSON.stringify({ schema: JSON.stringify(schema) }),
    });

  it('has every record of the schemas folder under a subject that refuses what old readers could not bear', async () => {
    const subjects = await ours();
    for (const schema of schemas) {
      const subject = subjects.find((one) => one.endsWith(`-${schema.namespace}.${schema.name}`)) ?? '';
      expect([schema.name, subject]).toEqual([schema.name, expect.stringContaining(prefix)]);
      const [first, ...rest] = schema.fields;
      const other = { ...schema, fields: [{ ...first, type: { type: 'array', items: 'double' } }, ...rest] };
      expect([subject, (await register(subject, other)).status]).toEqual([subject, 409]);
    }
  }, 60_000);

  it('has the truth for ever, in the number of partitions that was asked for', async () => {
    const admin = kafkaClient(kafka()).admin();
    await admin.connect();
    const name = `${prefix}communication.conversation-events`;
    const { topics } = await admin.fetchTopicMetadata({ topics: [name] });
    expect(topics[0]?.partitions).toHaveLength(6);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name }],
    });
    const settings = Object.fromEntries(
      resources[0]?.configEntries.map((one) => [one.configName, one.configValue]) ?? [],
    );
    expect(settings).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' });
    await admin.disconnect();
  });
});

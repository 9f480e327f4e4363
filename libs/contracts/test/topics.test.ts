import { allTopics, Codec, deadLetterTopic, rawTopic, registerSchemas, type Topic, topics } from '../src/index';

const nobody = { idOf: async () => 1, schemaOf: async () => undefined };

it('all topics are those of the table, the sources’ own, and what is left of either', () => {
  const names = allTopics(['shop']).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(Object.values(topics).map(({ name }) => name)));
  expect(names).toEqual(
    expect.arrayContaining([
      'communication.conversation-events.dead-letters',
      'source.shop.events',
      'source.shop.events.dead-letters',
    ]),
  );
  expect(new Set(names).size).toBe(names.length);
});

it('no codec is opened for a topic that deploying would not make', async () => {
  const shop = rawTopic('shop');
  for (const topic of allTopics(['shop'])) await expect(Codec.open(topic, nobody)).resolves.toBeDefined();
  const strangers: readonly Topic[] = [
    { ...topics.tags, name: 'communication.notes' },
    deadLetterTopic(topics.tags.name),
    deadLetterTopic(deadLetterTopic(shop.name).name),
  ];
  for (const topic of strangers) await expect(Codec.open(topic, nobody)).rejects.toThrow(/is not among allTopics/);
});

it('registers each record of each topic under its own subject', async () => {
  const asked: string[] = [];
  const registrar = {
    register: async (subject: string) => {
      asked.push(subject);
      return { id: asked.length, isNew: asked.length > 1 };
    },
  };
  const registered = await registerSchemas(registrar, allTopics(['shop']));
  expect(registered.map(({ subject }) => subject)).toEqual(asked);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked).toHaveLength(allTopics(['shop']).reduce((sum, { records }) => sum + records.length, 0));
  expect(asked).toContain('source.shop.events-parley.communication.RawWebhook');
  expect(registered[0]).toMatchObject({ id: 1, isNew: false });
});

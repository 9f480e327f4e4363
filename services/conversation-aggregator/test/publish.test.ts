import { Codec, conversationDeadLetters, topics } from '@parley/contracts';
import {
  allRecords,
  applied,
  conversationId,
  decodeAll,
  messageId,
  named,
  openWorld,
  received,
  shown,
  until,
  type World,
} from './world';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Most bytes of one record of the embedded log. */
const RECORD_BYTES_MAX = 16 * 2 ** 20;

describe('what is too large for the log', () => {
  it('keeps no other conversation off the changelog, now or after a restart', async () => {
    const onChangelog = () => decodeAll(world, topics.conversations, (value) => value.id);
    const huge = received('huge', 'm1', 10);
    // Fits into an event, but not into a snapshot, where each of its characters takes six.
    const content = '\u0001'.repeat(3_000_000);
    const fatal: unknown[] = [];
    const first = await world.aggregator({ onFatal: (error) => fatal.push(error) });
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`);
    await applied(
      first,
      await world.append([
        ...(huge.type === 'MessageReceived' ? [{ ...huge, value: { ...huge.value, content } }] : []),
        ...names.map((name, i) => received(name, `n${i}`, i)),
      ]),
    );
    await until(async () => new Set(await onChangelog()).size === names.length);
    await first.close();

    const again = await world.aggregator({ onFatal: (error) => fatal.push(error) });
    await applied(again, await world.append([named('huge', '1', 'Huge'), received('late', 'm2', 20)]));
    await until(async () => (await onChangelog()).includes(conversationId('late')));
    expect(fatal).toEqual([]);
    expect(new Set(await onChangelog())).toEqual(new Set([...names, 'late'].map(conversationId)));
  });

  it('goes to the dead letters without its value', async () => {
    const value = Buffer.alloc(RECORD_BYTES_MAX - 40, 'no avro');
    const aggregator = await world.aggregator();
    const record = { key: 'garbage', value, timestamp: 5 };
    await applied(aggregator, await world.log.append(topics.conversationEvents.name, [record]));
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const [letter, ...others] = await allRecords(world.log, conversationDeadLetters.name);
    expect(others).toEqual([]);
    const { value: read } = await codec.decode(letter?.value ?? Buffer.alloc(0));
    expect(read).toMatchObject({ key: 'garbage', value: null, failedAt: 5 });
    expect(read.detail).toContain(`${value.length} bytes`);
  });
});

describe('events that would spoil what is shown', () => {
  const reasons = async () => {
    const codec = await Codec.open(conversationDeadLetters, world.registry);
    const letters = await allRecords(world.log, conversationDeadLetters.name);
    return Promise.all(letters.map(async ({ value }) => (await codec.decode(value ?? Buffer.alloc(0))).value.reason));
  };

  it('are dead letters', async () => {
    const aggregator = await world.aggregator();
    const filled = (cause: string) => {
      const event = named('a', cause, '');
      if (event.type !== 'ConversationMetadataChanged') throw new Error('not what is needed here');
      return { ...event, value: { ...event.value, set: { [cause]: JSON.stringify('x'.repeat(400_000)) } } };
    };
    const events = [received('a', 'm1', 10), received('a', 'm2', 9e15), filled('b'), filled('c'), filled('d')];
    await applied(aggregator, await world.append(events));
    expect(await reasons()).toEqual(['BAD_TIME', 'METADATA_TOO_LARGE']);
    const found = shown(aggregator).conversation(conversationId('a'));
    expect(found?.state).toMatchObject({ messageCount: 1, lastMessageId: messageId('m1') });
    expect(Object.keys(found?.state.metadata ?? {})).toEqual(['b', 'c']);
  });
});

describe('an aggregator that stops', () => {
  it('tells those who wait to ask again', async () => {
    const aggregator = await world.aggregator();
    const waiting = expect(aggregator.awaitApplied(0, 1_000, 30_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await aggregator.close();
    await waiting;
    await expect(aggregator.awaitApplied(0, 1_000, 30_000)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

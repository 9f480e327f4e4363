import { System } from './system';

const COUNT = 7;

describe('pages of conversations.list', () => {
  let system: System;
  let channel: string;
  /** Newest first. */
  let all: string[];
  beforeAll(async () => {
    system = await System.start();
    channel = await system.channel('Pages');
    const contacts = Array.from({ length: COUNT }, (_, at) => `c${at}`);
    await system.say(
      channel,
      contacts.map((conversation) => ({ conversation })),
    );
    all = contacts.map((contact) => system.conversationId(channel, contact)).reverse();
  });
  afterAll(() => system.stop());

  const list = async (body?: object) => {
    const { json } = await system.call('/conversations.list', body);
    return { ids: json.data.map((c: { id: string }) => c.id), ...json.pagination_data };
  };

  it('takes no body, an empty one, and null for every field', async () => {
    const page = await list();
    expect(page).toEqual({ ids: all, previous_cursor: null, next_cursor: null, total: COUNT });
    expect(await list({})).toEqual(page);
    expect(await list({ filters: null, cursor: null, page_size: null })).toEqual(page);
    expect(await list({ cursor: '', page_size: 10_000, unknown: [1] })).toEqual(page);
  });

  it.each([0, '0'])('takes the offset %j', async (cursor) => {
    expect(await list({ cursor, page_size: 3 })).toEqual({
      ids: all.slice(0, 3),
      previous_cursor: '0',
      next_cursor: '3',
      total: COUNT,
    });
  });

  it('gives offsets both ways, null on the last page, and an empty page past the end', async () => {
    expect(await list({ cursor: '4', page_size: 3 })).toMatchObject({ previous_cursor: '1', next_cursor: null });
    expect(await list({ cursor: 3, page_size: 3 })).toMatchObject({ previous_cursor: '0', next_cursor: '6' });
    expect(await list({ cursor: 100, page_size: 3 })).toMatchObject({ ids: [], next_cursor: null, total: COUNT });
  });

  it.each(['not-a-cursor', 'next-page-uuid', '-1', -1, 1.5, '1.5', '1e3', ' ', 1e300])(
    'refuses the cursor %j',
    async (cursor) => {
      const answer = await system.call('/conversations.list', { cursor });
      expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_CURSOR', field: 'cursor' } });
    },
  );

  it('counts what the filter finds, on every page', async () => {
    const filters = `id:(${all[0]} OR ${all[1]} OR ${all[2]})`;
    const first = await list({ filters, page_size: 2 });
    expect(first).toMatchObject({ ids: all.slice(0, 2), total: 3 });
    expect(await list({ filters, page_size: 2, cursor: first.next_cursor })).toMatchObject({
      ids: all.slice(2, 3),
      next_cursor: null,
      total: 3,
    });
  });

  it('walks every conversation once while others arrive, and back', async () => {
    const seen: string[] = [];
    let page = await list({ page_size: 2 });
    for (let at = 0; ; at++) {
      seen.push(...page.ids);
      if (page.next_cursor === null) break;
      // One newer than all, one older than all.
      await system.say(channel, [{ conversation: `new${at}` }, { conversation: `old${at}`, sentAt: 1_000 - at }]);
      page = await list({ page_size: 2, cursor: page.next_cursor });
      if (at === 0) expect((await list({ page_size: 2, cursor: page.previous_cursor })).ids).toEqual(all.slice(0, 2));
    }
    const walked = seen.filter((id) => all.includes(id));
    expect(walked).toEqual(all);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('shows a channel’s new name in the next list', async () => {
    await system.call('/channels.update', { channel_id: channel, name: 'Renamed' });
    const { json } = await system.call('/conversations.list', { page_size: 1 });
    expect(json.data[0].channel.metadata.name).toBe('Renamed');
  });
});

import type { SystemUnderTest } from '../harness';
import { eventually } from '../support/eventually';
import { baseTime, type CustomSource, givenSource, idsMatching, unique } from '../support/world';

interface People {
  readonly source: CustomSource;
  readonly tags: { readonly x: string; readonly y: string };
  /** Names of the conversations that a filter finds, newest first. */
  matching(filters: string): Promise<string[]>;
}

/** One request to the contact each, but three for grace: unread 1, 3 and 0 (ours alone). Newest last by name. */
async function givenPeople(system: SystemUnderTest['system']): Promise<People> {
  const source = await givenSource(system, unique('twilio-like.sms'));
  const messages = [
    source.message('ada', { sent_at: baseTime }),
    source.message('grace', { sent_at: baseTime + 60_000 }),
    source.message('grace', { sent_at: baseTime + 61_000 }),
    source.message('grace', { sent_at: baseTime + 62_000 }),
    source.message('mary', { sent_at: baseTime + 120_000, from_contact: false }),
  ];
  const names: Record<string, string> = { ada: 'Ada Lovelace', grace: 'Grace Hopper', mary: "Mary O'Neil-Smith" };
  const ids = await source.tell(
    messages,
    Object.entries(names).map(([name, displayName]) => ({
      namespace: 'conversation',
      source_id: name,
      metadata: {
        contact: { display_name: displayName },
        erp: { id: `abc-${name}`, 'in-doubt': name === 'ada', score: 42 },
      },
    })),
  );
  const idOf = (name: string) => ids.get(name) ?? '';
  const newTag = async () =>
    (await system.api.expect<{ id: string }>(201, '/tags.create', { name: unique('t'), color: 'tag-blue' })).id;
  const tags = { x: await newTag(), y: await newTag() };
  for (const [name, tag] of [
    ['ada', tags.x],
    ['grace', tags.x],
    ['grace', tags.y],
  ] as const) {
    await system.api.expect(204, '/conversations.tag', { conversation_id: idOf(name), tag_id: tag });
  }
  await system.api.expect(204, '/conversations.set-state', { conversation_id: idOf('ada'), state: 'CLOSED' });
  const nameOf = new Map([...ids].map(([name, id]) => [id, name]));
  const matching = async (filters: string) =>
    (await idsMatching(system.api, `+source:${source.id} +(${filters})`)).map((id) => nameOf.get(id) ?? id);
  await eventually(async () => expect(await matching('metadata.erp.id:abc-mary')).toEqual(['mary']));
  return { source, tags, matching };
}

/** Contract, Filters; Airy, Conversations, Filtering; behaviour of Lucene's classic query parser. */
const expectations: readonly (readonly [filter: string, names: readonly string[]])[] = [
  ['display_name:*Lovelace', ['ada']],
  ['display_name:Grace', ['grace']],
  ['display_name:grace', ['grace']],
  ['display_name:GR?CE', ['grace']],
  ['display_name:*LOVE*', ['ada']],
  ['display_name:"Grace Hopper"', ['grace']],
  ['display_name:"Hopper Grace"', []],
  ['display_name:"Hopper Grace"~2', ['grace']],
  ['display_name:smith', []],
  ['display_name:*smith', ['mary']],
  ["display_name:o'neil-smith", ['mary']],
  ['display_name:grace hopper', ['grace']],
  ['display_name:(grace lovelace)', ['grace', 'ada']],
  ['display_name:(grace AND lovelace)', []],
  ['display_name:(grace AND hopper)', ['grace']],
  ['display_name:grce~1', ['grace']],
  ['display_name:gra~', ['grace', 'ada']],
  ['display_name:/gra.e/', ['grace']],
  ['display_name:[a TO h]', ['grace', 'ada']],
  ['display_name:{ada TO grace}', []],
  ['display_name:{grace TO hopper]', ['grace']],
  ['display_name:ada^3 OR display_name:grace', ['grace', 'ada']],
  ['display_name:nobody', []],
  ['unread_count:3', ['grace']],
  ['unread_count:"3"', ['grace']],
  ['unread_count:(1 OR 3)', ['grace', 'ada']],
  ['unread_count:[1 TO *]', ['grace', 'ada']],
  ['unread_count:{1 TO 3]', ['grace']],
  ['unread_count:[1 TO 3}', ['ada']],
  ['unread_count:{1 TO 3}', []],
  ['unread_count:[* TO 1]', ['mary', 'ada']],
  ['unread_count:[* TO *]', ['mary', 'grace', 'ada']],
  ['unread_count:\\-1', []],
  [`created_at:${baseTime}`, ['ada']],
  [`created_at:[${baseTime} TO ${baseTime + 60_000}]`, ['grace', 'ada']],
  [`created_at:{${baseTime} TO ${baseTime + 60_000}]`, ['grace']],
  [`created_at:[${baseTime} TO ${baseTime + 60_000}}`, ['ada']],
  [`created_at:{* TO ${baseTime + 60_000}}`, ['ada']],
  [`created_at:[${baseTime + 1} TO *}`, ['mary', 'grace']],
  ['metadata.erp.id:abc-ada', ['ada']],
  ['metadata.erp.id:abc*', ['mary', 'grace', 'ada']],
  ['metadata.erp.in-doubt:true', ['ada']],
  ['metadata.erp.score:42', ['mary', 'grace', 'ada']],
  ['metadata.state:CLOSED', ['ada']],
  ['metadata.state:*', ['ada']],
  ['NOT metadata.state:CLOSED', ['mary', 'grace']],
  ['-metadata.state:CLOSED', ['mary', 'grace']],
  ['!metadata.state:CLOSED', ['mary', 'grace']],
  ['id:* AND NOT metadata.state:CLOSED', ['mary', 'grace']],
  ['*:* -display_name:grace', ['mary', 'ada']],
  ['display_name:(-grace -ada)', ['mary']],
  ['display_name:ada OR display_name:grace AND unread_count:3', ['grace']],
  ['display_name:ada || display_name:grace && unread_count:3', ['grace']],
  ['(display_name:ada OR display_name:grace) AND unread_count:1', ['ada']],
  ['display_name:grace AND NOT unread_count:1', ['grace']],
  ['*', ['mary', 'grace', 'ada']],
  ['*:*', ['mary', 'grace', 'ada']],
  ['id:*', ['mary', 'grace', 'ada']],
  ['nosuch:x', []],
  ['nosuch:[1 TO *]', []],
  ["display_name:O\\'Neil\\-Smith", ['mary']],
];

const malformed = [
  'display_name:(',
  'a:b:c',
  'unread_count:-1',
  '"open',
  'AND',
  'unread_count:abc',
  'created_at:soon',
  'x)',
  '[a TO',
  '',
];

export function filterCases({ it }: SystemUnderTest): void {
  describe('filters', () => {
    // Contract, Filters.
    it('every form of the language finds what it should', async (system) => {
      const people = await givenPeople(system);
      const found: [string, string[]][] = [];
      for (const [filter] of expectations)
        found.push([filter, await people.matching(filter).catch((e) => [String(e)])]);
      expect(found).toEqual(expectations);
    });

    // Airy, Conversations, tests of the list: tag_ids, channel_id, source, id, combined queries.
    it('ids, channels, sources and tags are found exactly', async (system) => {
      const { source, tags, matching } = await givenPeople(system);
      const [mary] = await idsMatching(system.api, `source:${source.id} AND display_name:mary`);
      const escaped = mary?.replaceAll('-', '\\-');
      expect(await matching(`id:${mary}`)).toEqual(['mary']);
      expect(await matching(`${mary}`)).toEqual(['mary']);
      expect(await matching(`id:"${escaped}"`)).toEqual(['mary']);
      expect(await matching(`display_name:Grace OR id:"${escaped}"`)).toEqual(['mary', 'grace']);
      expect(await matching(`tag_ids:(${tags.x})`)).toEqual(['grace', 'ada']);
      expect(await matching(`tag_ids:(${tags.x} AND ${tags.y})`)).toEqual(['grace']);
      expect(await matching(`channel_id:${source.channel.id}`)).toEqual(['mary', 'grace', 'ada']);
      expect(await matching(`channel_id:(${source.channel.id} OR x)`)).toEqual(['mary', 'grace', 'ada']);
      expect(await idsMatching(system.api, `source:(${source.id} OR facebook) AND display_name:ada`)).toHaveLength(1);
      expect(await idsMatching(system.api, `source:${source.id.toUpperCase()}`)).toHaveLength(3);
      expect(await idsMatching(system.api, `source:${source.id.slice(0, -1)}`)).toEqual([]);
    });

    // Contract, Filters: malformed query, or no number where one is due -> 400 with a JSON error.
    it('a malformed query is a 400 that names the field', async (system) => {
      for (const filters of malformed) {
        const error = await system.api.refused(400, '/conversations.list', { filters });
        expect([filters, error.field]).toEqual([filters, 'filters']);
      }
    });

    // Contract, Root responses: the default name is searchable.
    it('the default display name is found', async (system) => {
      const source = await givenSource(system);
      const id = await source.conversation();
      expect(await idsMatching(system.api, `source:${source.id} AND display_name:${id.slice(-5)}`)).toEqual([id]);
    });
  });
}

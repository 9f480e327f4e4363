import type { SystemUnderTest } from '../harness';
import { type Tag, uuidPattern } from '../support/shapes';
import { unique } from '../support/world';

export function tagCases({ it }: SystemUnderTest): void {
  describe('tags', () => {
    // Airy, Tags. Contract, Root responses: 201 and 204, list under data and tags.
    it('tags are created, listed, updated and deleted', async (system) => {
      const name = unique('vip');
      const tag = await system.api.expect<Tag>(201, '/tags.create', { name, color: 'tag-red' });
      expect(tag).toEqual({ id: expect.stringMatching(uuidPattern), name, color: 'tag-red' });
      const list = () => system.api.expect<{ data: Tag[]; tags: Tag[] }>(200, '/tags.list');
      const both = await list();
      expect(both.tags).toEqual(both.data);
      expect(both.data).toContainEqual(tag);
      const renamed = await system.api.post('/tags.update', { id: tag.id, name: `${name}!` });
      expect([renamed.status, renamed.text]).toEqual([204, '']);
      expect((await list()).data).toContainEqual({ ...tag, name: `${name}!` });
      await system.api.expect(204, '/tags.update', { id: tag.id, color: 'tag-green' });
      expect((await list()).data).toContainEqual({ id: tag.id, name: `${name}!`, color: 'tag-green' });
      const deleted = await system.api.post('/tags.delete', { id: tag.id });
      expect([deleted.status, deleted.text]).toEqual([204, '']);
      expect((await list()).data.map((one) => one.id)).not.toContain(tag.id);
      await system.api.refused(404, '/tags.delete', { id: tag.id });
      await system.api.refused(404, '/tags.update', { id: tag.id, name: 'x' });
    });

    // Contract, Root responses: colours: tag-red, tag-blue, tag-green, tag-purple, else 400.
    it('the four colours and no other', async (system) => {
      for (const color of ['tag-red', 'tag-blue', 'tag-green', 'tag-purple']) {
        await system.api.expect(201, '/tags.create', { name: unique('t'), color });
      }
      for (const color of ['red', 'tag-pink', '', null, 7]) {
        const error = await system.api.refused(400, '/tags.create', { name: unique('t'), color });
        expect(error.field).toBe('color');
      }
      await system.api.refused(400, '/tags.create', { color: 'tag-red' });
    });
  });
}

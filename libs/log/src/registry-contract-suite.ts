import { isSameSchema, type SchemaRegistrar, type SchemaRegistry } from '@parley/contracts';

type Registry = SchemaRegistry & SchemaRegistrar;

/** A registry for one test: an empty one, or a namespace of a shared one. */
export interface RegistryUnderTest {
  readonly registry: Registry;
  /** One more handle on the same registry, as another process has it. */
  again(): Promise<Registry>;
  destroy(): Promise<void>;
}

const person = (...fields: object[]) => ({ type: 'record', name: 'Person', namespace: 'test', fields });
const name = { name: 'name', type: 'string' };
const age = { name: 'age', type: ['null', 'int'], default: null };

/** Proves each sentence of the registry's ports for an adapter. */
export function testRegistryContract(adapter: string, open: () => Promise<RegistryUnderTest>): void {
  describe(`registry contract: ${adapter}`, () => {
    let under: RegistryUnderTest;
    let registry: Registry;

    beforeEach(async () => {
      under = await open();
      registry = under.registry;
    });
    afterEach(() => under.destroy());

    it('numbers schemas, the same ones alike in all subjects, and tells what was new', async () => {
      const first = await registry.register('topic-test.Person', person(name));
      expect(first.isNew).toBe(true);
      expect(await registry.register('topic-test.Person', person(name))).toEqual({ id: first.id, isNew: false });
      expect(await registry.register('other-test.Person', person(name))).toEqual({ id: first.id, isNew: true });
      const second = await registry.register('topic-test.Person', person(name, age));
      expect(second.isNew).toBe(true);
      expect(second.id).not.toBe(first.id);
    });

    it('finds each registered schema by its subject and by its id, from every process', async () => {
      const { id: first } = await registry.register('topic-test.Person', person(name));
      const { id: second } = await registry.register('topic-test.Person', person(name, age));
      for (const handle of [registry, await under.again()]) {
        expect(await handle.idOf('topic-test.Person', person(name))).toBe(first);
        expect(await handle.idOf('topic-test.Person', person(name, age))).toBe(second);
        expect(isSameSchema((await handle.schemaOf(first)) ?? {}, person(name))).toBe(true);
        expect(isSameSchema((await handle.schemaOf(second)) ?? {}, person(name, age))).toBe(true);
      }
    });

    it.each([0, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])('knows no schema %d', async (id) => {
      expect(await registry.schemaOf(id)).toBeUndefined();
    });

    it('refuses what any earlier schema of the subject can’t live with, and says what; others go on', async () => {
      await registry.register('topic-test.Person', person(name, { name: 'age', type: 'int', default: 0 }));
      await registry.register('topic-test.Person', person(name));
      const refused = (fault: RegExp) => ({
        code: 'SCHEMA_INCOMPATIBLE',
        retryable: false,
        message: expect.stringMatching(fault),
      });
      const email = person(name, { name: 'email', type: 'string' });
      await expect(registry.register('topic-test.Person', email)).rejects.toMatchObject(
        refused(/topic-test\.Person.*email/),
      );
      // Fits the newest, not the one before it: compatibility is transitive.
      const turned = person(name, { name: 'age', type: 'string', default: '' });
      for (let times = 0; times < 2; times += 1) {
        await expect(registry.register('topic-test.Person', turned)).rejects.toMatchObject(
          refused(/topic-test\.Person/),
        );
      }
      const { id } = await registry.register('other-test.Person', turned);
      expect(await registry.idOf('other-test.Person', turned)).toBe(id);
      const note = { name: 'note', type: 'string', default: '' };
      expect(await registry.register('topic-test.Person', person(name, note))).toMatchObject({ isNew: true });
    });

    it('gives several who register at once one number', async () => {
      const handles = [registry, await under.again(), await under.again()];
      const given = await Promise.all(handles.map((handle) => handle.register('topic-test.Person', person(name))));
      expect(new Set(given.map(({ id }) => id)).size).toBe(1);
    });
  });
}

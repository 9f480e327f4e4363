import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedRegistry } from './registry';

const person = (...fields: object[]) => ({ type: 'record', name: 'Person', namespace: 'test', fields });
const name = { name: 'name', type: 'string' };
const age = { name: 'age', type: ['null', 'int'], default: null };

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-registry-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

it('numbers schemas, the same ones alike, and remembers them', async () => {
  const registry = await openEmbeddedRegistry({ dir });
  const id = await registry.idOf('topic-test.Person', person(name));
  expect(await registry.idOf('topic-test.Person', person(name))).toBe(id);
  expect(await registry.idOf('other-test.Person', person(name))).toBe(id);
  const next = await registry.idOf('topic-test.Person', person(name, age));
  expect(next).not.toBe(id);
  await registry.close();
  const again = await openEmbeddedRegistry({ dir });
  expect(await again.schemaOf(id)).toEqual(person(name));
  expect(await again.schemaOf(next)).toEqual(person(name, age));
  expect(await again.schemaOf(99)).toBeUndefined();
  expect(await again.idOf('topic-test.Person', person(name))).toBe(id);
  await again.close();
});

it('refuses what any earlier schema of the subject cannot live with, and says what', async () => {
  const registry = await openEmbeddedRegistry({ dir });
  await registry.idOf('topic-test.Person', person(name));
  await registry.idOf('topic-test.Person', person(name, age));
  const bad = registry.idOf('topic-test.Person', person(name, { name: 'email', type: 'string' }));
  await expect(bad).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE', message: expect.stringContaining('email') });
  // Fits the newest, not the one before it: compatibility is transitive.
  await registry.idOf('third-test.Person', person(name, { name: 'age', type: 'int', default: 0 }));
  await registry.idOf('third-test.Person', person(name));
  const turned = person(name, { name: 'age', type: 'string', default: '' });
  await expect(registry.idOf('third-test.Person', turned)).rejects.toMatchObject({ code: 'SCHEMA_INCOMPATIBLE' });
  expect(await registry.idOf('other-test.Person', turned)).toBeGreaterThan(0);
  await registry.close();
});

it('gives several registrars one number', async () => {
  const registries = await Promise.all([1, 2, 3].map(() => openEmbeddedRegistry({ dir })));
  const ids = await Promise.all(registries.map((registry) => registry.idOf('topic-test.Person', person(name))));
  expect(new Set(ids).size).toBe(1);
  await Promise.all(registries.map((registry) => registry.close()));
});

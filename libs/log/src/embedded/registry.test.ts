import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testRegistryContract } from '../registry-contract-suite';
import { openEmbeddedRegistry } from './registry';

async function openForTest() {
  const dir = mkdtempSync(join(tmpdir(), 'parley-registry-'));
  const handles: { close(): Promise<void> }[] = [];
  const again = async () => {
    const registry = await openEmbeddedRegistry({ dir });
    handles.push(registry);
    return registry;
  };
  const destroy = async () => {
    await Promise.all(handles.map((handle) => handle.close()));
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, registry: await again(), again, destroy };
}

testRegistryContract('embedded', openForTest);

it('registers what it is asked for, since nobody else would; and remembers it', async () => {
  const under = await openForTest();
  const schema = { type: 'record', name: 'Person', namespace: 'test', fields: [{ name: 'name', type: 'string' }] };
  const id = await under.registry.idOf('topic-test.Person', schema);
  await under.registry.close();
  const again = await under.again();
  expect(await again.schemaOf(id)).toEqual(schema);
  expect(await again.register('topic-test.Person', schema)).toEqual({ id, isNew: false });
  await expect(again.idOf('topic-test.Person', { ...schema, name: 'Human' })).rejects.toMatchObject({
    code: 'SCHEMA_INCOMPATIBLE',
  });
  await under.destroy();
});

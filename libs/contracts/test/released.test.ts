import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { incompatibilities } from '../src/compatibility';

const schemas = join(__dirname, '..', '..', '..', 'schemas');
const released = join(schemas, 'released');
const versions = readdirSync(released).sort();

const namesIn = (folder: string) => readdirSync(folder).filter((file) => file.endsWith('.avsc'));
const schemaIn = (folder: string, file: string): object => JSON.parse(readFileSync(join(folder, file), 'utf8'));

it('some version is released, so that there is something to hold changes to', () => {
  expect(versions.length).toBeGreaterThan(0);
});

describe.each(versions)('the schemas released as %s', (version) => {
  const folder = join(released, version);

  it.each(namesIn(folder))('%s is still there, and reads and is read by today’s', (file) => {
    expect(namesIn(schemas)).toContain(file);
    expect(incompatibilities(schemaIn(schemas, file), schemaIn(folder, file))).toEqual([]);
  });
});

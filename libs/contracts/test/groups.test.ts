import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { consumerGroups } from '../src/index';

const page = readFileSync(join(__dirname, '../../../docs/cluster.md'), 'utf8');
const groups = Object.values(consumerGroups);

it('all groups are named once, and where the rights to them and their lag are told', () => {
  expect(new Set(groups.map(({ name }) => name)).size).toBe(groups.length);
  const [, named = ''] = /^\| groups (.+?) \|/m.exec(page) ?? [];
  expect(named).toBe(groups.map(({ name }) => `\`${name}\``).join(', '));
  const watched = [...page.matchAll(/--describe --group (\S+)/g)].map(([, name]) => name);
  expect(watched).toEqual(groups.map(({ name }) => name));
});

/** docs/cluster.md says what the code says: topics, sizes, settings, metrics, and the messages to look for in logs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { allTopics, topicSpec } from '@parley/contracts';
import { settings } from '@parley/service-kit';
import { BATCH_BYTES_MAX, RECORD_BYTES_MAX } from '../libs/log/src/kafka/limits';

const root = join(__dirname, '..');
const page = readFileSync(join(root, 'docs', 'cluster.md'), 'utf8');

const DAY_MS = 24 * 60 * 60 * 1000;

/** Cells of the rows of the table that begins with these columns. */
function table(...columns: readonly string[]): readonly (readonly string[])[] {
  const lines = page.split('\n');
  const head = lines.findIndex((line) => line.startsWith(`| ${columns.join(' | ')} |`));
  const rows = lines.slice(head + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return head < 0 ? [] : rows.slice(0, end).map((line) => line.split('|').map((cell) => cell.trim()));
}

const quoted = (text = ''): readonly string[] => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

/** The product's sources, as one text. */
const sources = ['libs', 'services']
  .flatMap((part) =>
    readdirSync(join(root, part), { recursive: true, encoding: 'utf8' }).map((f) => join(root, part, f)),
  )
  .filter((file) => /\/src\/.*\.ts$/.test(file) && !/\.test\.ts$|\/generated\//.test(file))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

it('lists every topic with what it is made with', () => {
  const partitions = 77;
  const made = allTopics(['<source>']).map((topic) => {
    const { name, partitions: count, cleanup, retentionMs } = topicSpec(topic, partitions);
    const kept = retentionMs === null ? 'for ever' : `${retentionMs / DAY_MS} days`;
    const cells = [`\`${name}\``, count === 1 ? '1' : '`PARTITIONS`', cleanup];
    return [...cells, cleanup === 'compact' ? 'newest of each key' : kept].join(' ');
  });
  const listed = table('topic', 'partitions').map((cells) => cells.slice(1, -1).join(' '));
  expect([...listed].sort()).toEqual(made.sort());
});

it('tells the sizes that topics are made for', () => {
  expect(page).toContain(`\`max.message.bytes\` of ${BATCH_BYTES_MAX}`);
  expect(page).toContain(`at most ${RECORD_BYTES_MAX} bytes`);
});

it('names no setting or code that is not there', () => {
  const named = quoted(page).flatMap((text) => text.match(/\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b/g) ?? []);
  const known = (name: string) => name in settings || sources.includes(`${name}: `) || name === 'NODE_OPTIONS';
  expect([...new Set(named)].filter((name) => !known(name))).toEqual([]);
});

it('lists every metric of ours', () => {
  const made = [...sources.matchAll(/'((?:parley|delivery|ingest|api)_[a-z_]+)'/g)].map((match) => match[1] ?? '');
  const listed = table('metric', 'service').flatMap((cells) => quoted(cells[1]));
  expect([...listed].sort()).toEqual([...new Set(made)].sort());
});

it('quotes messages as they are logged', () => {
  const messages = table('message or code').flatMap((cells) => quoted(cells[1]));
  expect(messages.length).toBeGreaterThan(0);
  expect(messages.filter((message) => !sources.includes(message))).toEqual([]);
});

import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { isLogError, type LogErrorCode } from '../errors';
import { openEnvironment } from './environment';
import { checkEnvironmentFile } from './integrity';
import { openEmbeddedLog } from './log';
import { openEmbeddedRegistry } from './registry';
import { chunkKey } from './topic';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-log-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const topic = { name: 'some.topic', partitions: 1, cleanup: 'delete', retentionMs: null } as const;
const data = () => join(dir, 'topics', topic.name, 'data.mdb');

async function fill(): Promise<void> {
  const log = await openEmbeddedLog({ dir });
  await log.ensureTopics([topic]);
  for (let n = 0; n < 20; n++) await log.append(topic.name, [{ key: 'a', value: Buffer.alloc(20_000, `${n}`) }]);
  await log.close();
}

async function refusal(code: LogErrorCode): Promise<string> {
  const error: unknown = await openEmbeddedLog({ dir }).catch((thrown: unknown) => thrown);
  if (!isLogError(error, code)) throw new Error(`expected ${code}, got ${String(error)}`);
  return error.message;
}

it('opens what it wrote, again and again', async () => {
  await fill();
  await fill();
  const log = await openEmbeddedLog({ dir });
  expect((await log.ends(topic.name)).get(0)).toBe(40);
  await log.close();
});

it('refuses a folder of something else, and touches nothing', async () => {
  writeFileSync(join(dir, 'holiday.jpg'), 'x');
  expect(await refusal('DATA_DIR_FOREIGN')).toContain('holiday.jpg');
  expect(existsSync(join(dir, 'topics'))).toBe(false);
});

it('refuses a log whose marker is gone', async () => {
  await fill();
  rmSync(join(dir, 'parley-log.json'));
  await refusal('DATA_DIR_FOREIGN');
});

it.each([
  ['of another format', { format: 'other', version: 1 }, 'DATA_DIR_FOREIGN'],
  ['of a newer version', { format: 'parley-log', version: 99 }, 'DATA_DIR_FOREIGN'],
  ['without a version', { format: 'parley-log' }, 'DATA_DIR_TORN'],
  ['without an id', { format: 'parley-log', version: 1 }, 'DATA_DIR_TORN'],
] as const)('refuses a marker %s', async (_what, marker, code) => {
  writeFileSync(join(dir, 'parley-log.json'), JSON.stringify(marker));
  expect(await refusal(code)).toContain('parley-log.json');
});

it('refuses a marker that was cut off', async () => {
  writeFileSync(join(dir, 'parley-log.json'), '{"format":');
  await refusal('DATA_DIR_TORN');
});

it('refuses a topic without its data', async () => {
  await fill();
  rmSync(data());
  expect(await refusal('DATA_DIR_TORN')).toContain(data());
  expect(existsSync(data())).toBe(false);
});

it('refuses a topic whose settings are gone', async () => {
  await fill();
  rmSync(join(dir, 'topics', topic.name, 'topic.json'));
  expect(await refusal('DATA_DIR_TORN')).toContain('topic.json');
});

it('refuses data that is no LMDB file', async () => {
  await fill();
  writeFileSync(data(), Buffer.alloc(100_000, 'x'));
  expect(await refusal('DATA_DIR_FOREIGN')).toContain(data());
});

it.each([0, 100, 4096, 8191, 8192, 20_000, 0.5, 0.9])('refuses data cut off at %d', async (at) => {
  await fill();
  const { size } = statSync(data());
  truncateSync(data(), at > 0 && at < 1 ? Math.floor(size * at) : at);
  const cut = readFileSync(data());
  expect(await refusal('DATA_DIR_TORN')).toContain(data());
  expect(readFileSync(data()).equals(cut)).toBe(true);
});

it('tells of a chunk that was damaged, and hands none of it out', async () => {
  await fill();
  const bytes = readFileSync(data());
  const at = bytes.lastIndexOf(Buffer.alloc(1000, '19'));
  bytes.writeUInt8(bytes.readUInt8(at + 10) ^ 1, at + 10);
  writeFileSync(data(), bytes);
  const log = await openEmbeddedLog({ dir });
  const reader = await log.reader(topic.name, 19);
  await expect(reader.next()).rejects.toMatchObject({ code: 'DATA_DIR_TORN' });
  await log.close();
});

it('never refuses a sound file, whatever was written, replaced and removed', async () => {
  const put = fc.record({ at: fc.nat(40), bytes: fc.integer({ min: 1, max: 60_000 }) });
  const remove = fc.record({ at: fc.nat(40), bytes: fc.constant(0) });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.oneof(put, remove), { maxLength: 12 }), { maxLength: 8 }),
      async (commits) => {
        const folder = mkdtempSync(join(dir, `${run++}-`));
        const { environment, release } = await openEnvironment(folder);
        for (const commit of [[{ at: 0, bytes: 1 }], ...commits]) {
          await environment.write((db) => {
            for (const { at, bytes } of commit) {
              if (bytes === 0) db.remove(chunkKey(0, at));
              else db.put(chunkKey(0, at), Buffer.alloc(bytes));
            }
          });
          checkEnvironmentFile(folder);
        }
        await release();
        checkEnvironmentFile(folder);
      },
    ),
    { numRuns: 60 },
  );
});

it('lets processes open a new folder at the same time', async () => {
  const opened = await Promise.all([
    openEmbeddedLog({ dir }),
    openEmbeddedRegistry({ dir }),
    openEmbeddedLog({ dir }),
    openEmbeddedRegistry({ dir }),
  ]);
  await Promise.all(opened.map((one) => one.close()));
  expect(copyOf(join(dir, 'parley-log.json'))).toMatchObject({ format: 'parley-log', version: 1 });
});

function copyOf(path: string): unknown {
  const copy = `${path}.copy`;
  copyFileSync(path, copy);
  return JSON.parse(readFileSync(copy, 'utf8'));
}

/** The README's walk, typed into a shell as a reader would type it, step by step against a running system. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type System, secrets, useSystem } from './harness';
import { eventually } from './support/eventually';

const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
const steps = [...readme.matchAll(/<!-- walk -->\n```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

const under = useSystem();

/** The steps as written, but for where this system is. */
function here(system: System, script: string): string {
  return script
    .replace('http://127.0.0.1:8080', `http://127.0.0.1:${system.ports.api}`)
    .replace('http://127.0.0.1:8081', `http://127.0.0.1:${system.ports.ingest}`)
    .replace('$(cat data/system-token)', secrets.systemToken);
}

async function typed(script: string): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euc', script]);
  return stdout;
}

it('has the steps that this test walks', () => {
  expect(steps).toHaveLength(4);
});

it('works as written', async () => {
  const { system } = under;
  const [setUp = '', make = '', push = '', use = ''] = steps;
  const made = await typed(here(system, `${setUp}\n${make}\nprintf 'SOURCE_TOKEN=%s' "$SOURCE_TOKEN"`));
  expect(made).toContain('"source_channel_id":"orders"');
  const sourceToken = /SOURCE_TOKEN=(\S+)/.exec(made)?.[1] ?? '';

  const withToken = here(system, `${setUp}\nSOURCE_TOKEN=${sourceToken}`);
  expect(await typed(`${withToken}\n${push}\n${push}`)).toBe('200\n200\n');

  await eventually(async () => {
    expect(await typed(`${withToken}\napi conversations.list '{"filters":"display_name:ada"}'`)).toContain('"total":1');
  });
  const lines = (await typed(`${withToken}\n${use}`)).trim().split('\n');
  expect(lines[0]).toContain('"display_name":"Ada Lovelace"');
  expect(lines[0]).toContain('"unread_count":1');
  const last = JSON.parse(lines.at(-1) ?? '');
  expect(last.pagination_data.total).toBe(1);
  expect(last.data[0].metadata).toMatchObject({ state: 'CLOSED', unread_count: 0, user_data: { crm: { id: '77' } } });
});

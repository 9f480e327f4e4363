import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The compiled program, as npm start runs it (npm test builds first). */
const START = join(__dirname, '../dist/start.js');

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-start-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Runs until it ends by itself. */
async function start(env: NodeJS.ProcessEnv): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [START], {
    env: { PATH: process.env.PATH, DATA_DIR: join(dir, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const read = async (stream: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([read(child.stdout), read(child.stderr)]);
  return { code: await code, stdout, stderr };
}

describe('npm start', () => {
  it('names every bad setting at once and starts nothing', async () => {
    const { code, stdout, stderr } = await start({ API_PORT: 'eighty', LOG_LEVEL: 'loud', PARTITIONS: '0' });
    expect([code, stdout]).toEqual([1, '']);
    for (const name of ['API_PORT', 'LOG_LEVEL', 'PARTITIONS']) expect(stderr).toMatch(new RegExp(`^  ${name}: `, 'm'));
    expect(stderr).not.toContain('    at ');
  });

  it('names a port that is in use and starts nothing', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, resolve));
    const port = String((holder.address() as AddressInfo).port);
    const { code, stdout, stderr } = await start({
      API_PORT: port,
      INGEST_PORT: '0',
      AGGREGATOR_PORT: '0',
      DELIVERY_PORT: '0',
    });
    await new Promise((resolve) => holder.close(resolve));
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`API_PORT: port ${port} is in use by another program; set API_PORT to a free one`);
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeWhereKafkaRuns } from '../src';
import { brokerAnswers } from '../src/broker';

const library = JSON.stringify(join(__dirname, '..', 'dist', 'index.js'));
const script = `
  require(${library}).startOwnKafka({ registry: false }).then(({ brokers }) => console.log(brokers[0]));
  setInterval(() => {}, 1000);
`;

describeWhereKafkaRuns('a process that started a Kafka', () => {
  // Waits for as long as the test may take: what does not end here fails by that.
  it('takes it along when it is killed, with its data', async () => {
    const temp = await mkdtemp(join(tmpdir(), 'parley-leash-'));
    const owner = spawn(process.execPath, ['-e', script], {
      env: { ...process.env, TMPDIR: temp },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(owner.stdout, 'data');
    const port = Number(String(line).trim().split(':')[1]);
    expect(await brokerAnswers(port)).toBe(true);

    owner.kill('SIGKILL');
    while (await brokerAnswers(port)) await sleep(50);
    while ((await readdir(temp)).some((name) => name.startsWith('parley-kafka-'))) await sleep(50);
    await rm(temp, { recursive: true });
  }, 120_000);
});

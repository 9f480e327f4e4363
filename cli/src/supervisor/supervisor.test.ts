import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXIT_CONFIG, type ServiceEvent } from './service-process';
import { Supervisor } from './supervisor';

/** The leash is loaded by node itself: the compiled one (npm test builds first). */
const compiled = join(__dirname, '../../dist/supervisor');
const leash = join(compiled, 'leash.js');

/** Serves until SIGTERM, then says so and ends. */
const SERVER = `
  const server = require('node:http').createServer((_, answer) => answer.end('ok'));
  server.listen(0, '127.0.0.1', () => require('node:fs').writeFileSync(process.argv[1] + '.port', String(server.address().port)));
  process.on('SIGTERM', () => { console.log('bye'); process.exit(0); });
`;

let dir: string;
let supervisor: Supervisor | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'parley-supervisor-'));
});
afterEach(async () => {
  await supervisor?.stop();
  supervisor = undefined;
  rmSync(dir, { recursive: true, force: true });
});

function script(name: string, code: string): string {
  const path = join(dir, `${name}.js`);
  writeFileSync(path, code);
  return path;
}

async function eventually<T>(check: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = check();
    if (found) return found;
    await sleep(10);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie still has its pid; it has ended all the same.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function supervise(scripts: Readonly<Record<string, string>>, readyUrl = 'http://127.0.0.1:1/', graceMs = 5_000) {
  const events: ServiceEvent[] = [];
  const lines: string[] = [];
  const made = new Supervisor({
    services: Object.entries(scripts).map(([name, path]) => ({ name, script: path, readyUrl })),
    env: process.env,
    runDir: join(dir, 'run'),
    leash,
    graceMs,
    onLine: (service, line) => lines.push(`${service}: ${line}`),
    onEvent: (event) => events.push(event),
  });
  supervisor = made;
  const of = <T extends ServiceEvent['type']>(type: T) =>
    events.filter((event): event is Extract<ServiceEvent, { type: T }> => event.type === type);
  return { supervisor: made, lines, of };
}

describe('supervisor', () => {
  it('passes lines on, keeps a pid file, and stops in order', async () => {
    const { supervisor, lines, of } = supervise({
      one: script('one', `${SERVER} console.log('a\u2028b'); console.error('c')`),
    });
    supervisor.start();
    await eventually(() => lines.length === 2);
    expect(lines.sort()).toEqual(['one: a\u2028b', 'one: c']);
    const pidFile = join(dir, 'run', 'one.pid');
    expect(Number(readFileSync(pidFile, 'utf8'))).toBe(of('started')[0]?.pid);
    await eventually(() => existsSync(join(dir, 'one.js.port')));
    await supervisor.stop();
    expect(lines).toContain('one: bye');
    expect(of('exited')).toEqual([{ type: 'exited', service: 'one', how: 'exit code 0', restartInMs: null }]);
    expect(existsSync(pidFile)).toBe(false);
  });

  it('starts a crashed one again: at once, then later and later', async () => {
    const { supervisor, of } = supervise({ bad: script('bad', 'process.exit(3)'), good: script('good', SERVER) });
    supervisor.start();
    await eventually(() => of('exited').length >= 4);
    expect(of('exited').slice(0, 4)).toEqual(
      [0, 250, 500, 1000].map((restartInMs) => ({ type: 'exited', service: 'bad', how: 'exit code 3', restartInMs })),
    );
    expect(of('started').filter((event) => event.service === 'good')).toHaveLength(1);
  });

  it('starts one again that was killed, as another process', async () => {
    const { supervisor, of } = supervise({ one: script('one', SERVER) });
    supervisor.start();
    const first = await eventually(() => of('started')[0]);
    process.kill(first.pid, 'SIGKILL');
    const second = await eventually(() => of('started')[1]);
    expect(second.pid).not.toBe(first.pid);
    expect(of('exited')[0]?.how).toBe('killed by SIGKILL');
  });

  it('does not start one again that says the configuration is at fault', async () => {
    const { supervisor, of } = supervise({ one: script('one', `process.exit(${EXIT_CONFIG})`) });
    supervisor.start();
    await eventually(() => of('gave-up')[0]);
    expect(of('exited')).toEqual([{ type: 'exited', service: 'one', how: 'exit code 78', restartInMs: null }]);
  });

  it('does not start one again that is stopped while it waits for its restart', async () => {
    const { supervisor, of } = supervise({ one: script('one', 'process.exit(1)') });
    supervisor.start();
    await eventually(() => of('exited').at(-1)?.restartInMs);
    const started = of('started').length;
    await supervisor.stop();
    expect(of('started')).toHaveLength(started);
  });

  it('is ready when all are, and again after a restart', async () => {
    const web = script('web', SERVER);
    const port = async () =>
      Number(await eventually(() => existsSync(`${web}.port`) && readFileSync(`${web}.port`, 'utf8')));
    const first = supervise({ web });
    first.supervisor.start();
    const url = `http://127.0.0.1:${await port()}/`;
    await first.supervisor.stop();

    // The port is known now: a server that takes the same one again.
    const same = script('same', SERVER.replace('listen(0', `listen(${new URL(url).port}`));
    const { supervisor, of } = supervise({ same }, url);
    supervisor.start();
    await supervisor.ready();
    expect(of('ready')).toHaveLength(1);
    process.kill((await eventually(() => of('started')[0])).pid, 'SIGKILL');
    await eventually(() => of('exited')[0]);
    await supervisor.ready();
    expect(of('ready')).toHaveLength(2);
  });

  it('kills one that does not end in time', async () => {
    const deaf = script('deaf', `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up')`);
    const { supervisor, lines, of } = supervise({ deaf }, undefined, 50);
    supervisor.start();
    await eventually(() => lines.length === 1);
    await supervisor.stop();
    expect(of('exited')[0]?.how).toBe('killed by SIGKILL');
  });

  it('leaves no orphan where it is killed itself', async () => {
    const listens = script(
      'listens',
      `${SERVER} process.on('disconnect', () => process.exit(0)); console.log(process.pid)`,
    );
    const deaf = script(
      'deaf',
      `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log(process.pid)`,
    );
    const parent = script(
      'parent',
      `const { Supervisor } = require(${JSON.stringify(join(compiled, 'supervisor.js'))});
       new Supervisor({
         services: [${JSON.stringify(listens)}, ${JSON.stringify(deaf)}].map((script, i) => ({ name: 's' + i, script, readyUrl: 'http://127.0.0.1:1/' })),
         env: process.env, runDir: ${JSON.stringify(join(dir, 'run'))},
         onLine: (_, line) => console.log(line), onEvent: () => {},
       }).start();`,
    );
    const running = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    running.stdout.on('data', (chunk) => {
      out += chunk;
    });
    await eventually(() => out.trim().split('\n').length === 2);
    const pids = out.trim().split('\n').map(Number);
    expect(pids.every(isAlive)).toBe(true);
    running.kill('SIGKILL');
    await eventually(() => !pids.some(isAlive));
  });
});

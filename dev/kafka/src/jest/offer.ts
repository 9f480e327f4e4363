import { execFile } from 'node:child_process';
import { request } from 'node:http';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PING_MS = 2_000;
const OLDEST_JAVA = 17;

/** Where the tests of a run get Kafka from. `none` says what is missing. */
export type Source =
  | { readonly kind: 'environment' | 'docker' | 'maven' }
  | { readonly kind: 'none'; readonly why: string };

function dockerAnswers(): Promise<boolean> {
  const address = process.env.DOCKER_HOST ?? 'unix:///var/run/docker.sock';
  const { hostname, port } = new URL(address);
  const to = address.startsWith('unix://') ? { socketPath: address.slice('unix://'.length) } : { hostname, port };
  return new Promise((resolve) => {
    const ping = request({ ...to, path: '/_ping', timeout: PING_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ping.once('timeout', () => ping.destroy());
    ping.once('error', () => resolve(false));
    ping.once('close', () => resolve(false));
    ping.end();
  });
}

/** Undefined if Kafka's jars can be fetched and run. */
async function mavenFault(): Promise<string | undefined> {
  const printed = await run('java', ['-version']).then(
    ({ stderr }) => stderr,
    () => undefined,
  );
  if (printed === undefined) return 'java is not installed';
  const version = Number(/version "(\d+)/.exec(printed)?.[1]);
  if (!(version >= OLDEST_JAVA)) return `java is older than ${OLDEST_JAVA}`;
  return run('sh', ['-c', 'command -v mvn']).then(
    () => undefined,
    () => 'mvn is not installed',
  );
}

/** Whether clusters of a test's own can be had: they are killed and paused, so that they are always run from jars. */
export async function ownSource(): Promise<Source> {
  const fault = await mavenFault();
  return fault === undefined ? { kind: 'maven' } : { kind: 'none', why: fault };
}

/** What the environment names, else Docker where a daemon answers, else jars. */
export async function sharedSource(): Promise<Source> {
  if (process.env.KAFKA_BROKERS) return { kind: 'environment' };
  if (await dockerAnswers()) return { kind: 'docker' };
  const own = await ownSource();
  return own.kind === 'none'
    ? { kind: 'none', why: `KAFKA_BROKERS is not set, no Docker daemon answers, ${own.why}` }
    : own;
}

import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { JVM_FLAGS } from './broker';
import { JavaProcess } from './java-process';
import { apicurioFolder } from './maven';

const PROBE_MS = 2_000;
/** Where Apicurio answers as Confluent's registry does. */
const CONFLUENT_API = '/apis/ccompat/v7';

export interface RegistryOptions {
  /** Holds the schemas and what the registry prints. */
  readonly dir: string;
  readonly port: number;
  /** See JavaProgram. */
  readonly leashedTo: string | undefined;
}

/** What SCHEMA_REGISTRY_URL is for a registry at that port. */
export function registryUrl(host: string, port: number): string {
  return `http://${host}:${port}${CONFLUENT_API}`;
}

export async function registryAnswers(url: string): Promise<boolean> {
  return fetch(`${url}/subjects`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
    (response) => response.ok,
    () => false,
  );
}

/**
 * An Apicurio Registry on this machine, not started yet. It keeps its schemas in a file, since by default they go with
 * the process. Its API for Confluent's clients needs no setting: ids belong to contents, as in Confluent's registry, and
 * a subject's compatibility is enforced once it is set.
 */
export async function makeRegistry(options: RegistryOptions): Promise<JavaProcess> {
  const { dir, port } = options;
  const folder = await apicurioFolder();
  await mkdir(dir, { recursive: true });
  const jar = (await readdir(folder)).find((name) => name.endsWith('-runner.jar'));
  if (jar === undefined) throw new Error(`no runnable jar in ${folder}`);
  const properties = {
    'quarkus.http.host': '127.0.0.1',
    'quarkus.http.port': String(port),
    'quarkus.log.level': 'WARN',
    'apicurio.storage.kind': 'sql',
    'apicurio.storage.sql.kind': 'h2',
    'apicurio.datasource.url': `jdbc:h2:file:${join(dir, 'schemas')}`,
  };
  const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  return new JavaProcess({
    name: 'Apicurio Registry',
    args: ['-Xmx256m', ...JVM_FLAGS, ...flags, '-jar', join(folder, jar)],
    logFile: join(dir, 'registry.log'),
    serves: () => registryAnswers(registryUrl('127.0.0.1', port)),
    leashedTo: options.leashedTo,
  });
}

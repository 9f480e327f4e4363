import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cachedFolder } from './cache';

const run = promisify(execFile);

export const KAFKA_VERSION = '4.1.1';
export const APICURIO_VERSION = '3.0.9';

async function maven(goal: string, settings: Readonly<Record<string, string>>, options: readonly string[] = []) {
  const flags = Object.entries(settings).map(([name, value]) => `-D${name}=${value}`);
  await run('mvn', ['-q', '-B', ...options, goal, ...flags], { maxBuffer: 16 << 20 }).catch(
    (error: Error & { stdout?: string }) => {
      throw new Error(`mvn ${goal} ${flags.join(' ')} failed\n${error.stdout || error.message}`);
    },
  );
}

/**
 * The jars that a pom asks for, with what they need, as one folder of the cache.
 * @param pom  path of a pom whose wanted version is `${wanted.version}`
 * @param name  folder's name in the cache, without the version
 */
export function mavenJars(pom: string, name: string, version: string): Promise<string> {
  return cachedFolder(`${name}-${version}`, (outputDirectory) =>
    maven('dependency:copy-dependencies', { 'wanted.version': version, outputDirectory, includeScope: 'runtime' }, [
      '-f',
      pom,
    ]),
  );
}

/** Folder of the broker's and the command line tools' jars. */
export function kafkaJars(): Promise<string> {
  return mavenJars(join(__dirname, '..', 'maven', 'kafka.pom.xml'), 'kafka', KAFKA_VERSION);
}

/** Folder that Apicurio Registry's runnable archive is unpacked in; what it needs is in it. */
export function apicurioFolder(): Promise<string> {
  return cachedFolder(`apicurio-${APICURIO_VERSION}`, async (outputDirectory) => {
    const artifact = `io.apicurio:apicurio-registry-app:${APICURIO_VERSION}:tar.gz:all`;
    await maven('dependency:copy', { artifact, outputDirectory });
    for (const archive of await readdir(outputDirectory)) {
      const path = join(outputDirectory, archive);
      await run('tar', ['-xzf', path, '-C', outputDirectory]);
      await rm(path);
    }
  });
}

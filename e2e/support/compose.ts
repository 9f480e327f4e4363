import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

export interface ComposeService {
  readonly image: string;
  readonly build?: unknown;
  readonly command?: readonly string[];
  readonly environment: Readonly<Record<string, string | number>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly ports?: readonly { readonly target: number; readonly published: number | string }[];
  /** Version 1 writes `name:/path:rw`, version 2 objects. */
  readonly volumes?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly restart?: string;
  readonly stop_grace_period?: string;
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

function works(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The installed Docker Compose as a command line; undefined where there is none. No daemon is needed. */
function installed(): readonly string[] | undefined {
  return [['docker', 'compose'], ['docker-compose']].find(([command = '', ...args]) =>
    works(command, ...args, 'version'),
  );
}

export const compose = installed();

/**
 * What Compose makes of the repository's file in that environment, and of the example of an .env file.
 * @throws with what Compose says where it refuses
 */
export function composeConfig(env: Readonly<Record<string, string>>): ComposeFile {
  if (!compose) throw new Error('Docker Compose is not installed');
  const [command = '', ...args] = compose;
  const run = (...more: string[]) =>
    execFileSync(command, [...args, '--env-file', '.env.example', ...more], {
      cwd: root,
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
    });
  if (!/version 1\./.test(run('version'))) return JSON.parse(run('config', '--format', 'json'));
  // Version 1 writes YAML alone, and comes with Python's parser for it.
  const toJson = 'import json, sys, yaml; print(json.dumps(yaml.safe_load(sys.stdin)))';
  return JSON.parse(execFileSync('python3', ['-c', toJson], { input: run('config'), encoding: 'utf8' }));
}

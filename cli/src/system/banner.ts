import { join } from 'node:path';
import { type Config, secretFiles } from '@parley/service-kit';

/**
 * What a person needs to go on once the system is up. A token that the environment gave is not shown: whoever set it
 * has it, and terminals are recorded.
 */
export function banner(config: Config, env: NodeJS.ProcessEnv): string {
  const api = `http://127.0.0.1:${config.apiPort}`;
  const token = shownToken(config, env);
  const given = token !== config.systemToken;
  const kept = given
    ? 'as given by SYSTEM_TOKEN'
    : `${token}  (kept in ${join(config.dataDir, secretFiles.SYSTEM_TOKEN)})`;
  return [
    '',
    '  Parley is up.',
    '',
    `  API      ${api}`,
    `  Ingest   http://127.0.0.1:${config.ingestPort}`,
    `  Token    ${kept}`,
    `  Try      ${curl(api, token, '/conversations.list', {})}`,
    '',
  ].join('\n');
}

/** The token as it may be printed. */
export function shownToken(config: Config, env: NodeJS.ProcessEnv): string {
  return env.SYSTEM_TOKEN?.trim() ? '$SYSTEM_TOKEN' : config.systemToken;
}

/** A command line that works in a POSIX shell as it is printed. */
export function curl(api: string, token: string, path: string, body: object): string {
  const json = JSON.stringify(body).replaceAll("'", "'\\''");
  return `curl -s ${api}${path} -H "Authorization: Bearer ${token}" -H 'Content-Type: application/json' -d '${json}'`;
}

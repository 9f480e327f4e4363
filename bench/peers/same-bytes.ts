/** An express endpoint that checks the bearer, parses the JSON body and answers bytes from memory: `same-bytes.js`, the bytes on standard input. */
import { createServer } from 'node:http';
import { createApp, createLogger, loadConfig, systemAuthenticator } from '@parley/service-kit';

async function main(): Promise<void> {
  let answer = '';
  for await (const chunk of process.stdin) answer += chunk;
  const config = loadConfig(process.env);
  const routes = [
    { method: 'GET', path: '/health', auth: null, handle: () => ({ status: 200, text: 'up' }) },
    {
      method: 'POST',
      path: '/conversations.list',
      auth: systemAuthenticator(config),
      handle: (call: { json(): unknown }) => {
        call.json();
        return { status: 200, text: answer, contentType: 'application/json; charset=utf-8' };
      },
    },
  ] as const;
  createServer(createApp({ routes: () => routes, logger: createLogger('same-bytes', config.logLevel) })).listen(
    config.deliveryPort,
  );
}

void main();

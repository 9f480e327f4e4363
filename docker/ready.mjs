// Health check of a container: node docker/ready.mjs <port>. Exit code 0 where the service can take work.
import { get } from 'node:http';

const PATIENCE_MS = 4_000;

const request = get({ host: '127.0.0.1', port: process.argv[2], path: '/ready', timeout: PATIENCE_MS }, (answer) => {
  process.exit(answer.statusCode === 200 ? 0 : 1);
});
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));

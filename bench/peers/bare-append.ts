/** What a webhook must cost at the least: read the body, append it durably, answer 200. No route, credential or check. */
import { createServer } from 'node:http';
import { createLogger, loadConfig, openLog } from '@parley/service-kit';

const TOPIC = 'bench.bare-append';

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const { log } = await openLog(config, createLogger('bare-append', config.logLevel));
  await log.ensureTopics([{ name: TOPIC, partitions: config.partitions, cleanup: 'delete', retentionMs: null }]);
  const server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      if (req.method === 'GET') return res.end();
      log.append(TOPIC, [{ key: 'shop', value: Buffer.concat(chunks) }]).then(
        () => res.writeHead(200, { 'Content-Length': '0' }).end(),
        () => res.writeHead(503, { 'Content-Length': '0' }).end(),
      );
    });
  });
  server.listen(config.deliveryPort);
  process.on('SIGTERM', () => {
    server.close();
    server.closeAllConnections();
    void log.close().then(() => process.exit(0));
  });
}

void main();

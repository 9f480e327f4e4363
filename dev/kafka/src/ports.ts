import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections: a broker that is killed and started again must find its
// port free, and a client that keeps trying the port of a dead broker must not end up connected to itself.
const LOWEST = 15_000;
const HIGHEST = 32_000;
const ATTEMPTS = 200;

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Ports of this machine that nobody listens on now, different from each other. */
export async function freePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; attempt < ATTEMPTS && found.size < count; attempt++) {
    const port = randomInt(LOWEST, HIGHEST);
    if (await isFree(port)) found.add(port);
  }
  if (found.size < count) throw new Error(`no free port between ${LOWEST} and ${HIGHEST}`);
  return [...found];
}

import { createServer } from 'node:net';

export interface WantedPort {
  readonly setting: string;
  readonly port: number;
}

/** Why the port can't be listened on, undefined where it can. */
function tryPort(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE' ? 'is in use by another program' : error.message);
    });
    // As the services do: all addresses.
    server.listen(port, () => server.close(() => resolve(undefined)));
  });
}

/** One line for each port that can't be had, naming the variable it is set by. */
export async function portFaults(wanted: readonly WantedPort[]): Promise<readonly string[]> {
  const faults = wanted.map(async ({ setting, port }, i) => {
    if (port === 0) return `${setting}: 0 is no fixed port; name one`;
    const same = wanted.slice(0, i).find((other) => other.port === port);
    if (same) return `${setting}: ${port} is ${same.setting} already`;
    const fault = await tryPort(port);
    return fault && `${setting}: port ${port} ${fault}; set ${setting} to a free one`;
  });
  return (await Promise.all(faults)).filter((fault) => fault !== undefined);
}

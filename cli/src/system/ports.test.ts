import { type AddressInfo, createServer } from 'node:net';
import { portFaults } from './ports';

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

describe('ports', () => {
  it('names every port that is taken, twice wanted or not fixed', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, resolve));
    const taken = (holder.address() as AddressInfo).port;
    const free = await freePort();
    const faults = await portFaults([
      { setting: 'API_PORT', port: taken },
      { setting: 'INGEST_PORT', port: free },
      { setting: 'AGGREGATOR_PORT', port: free },
      { setting: 'DELIVERY_PORT', port: 0 },
    ]);
    await new Promise((resolve) => holder.close(resolve));
    expect(faults).toEqual([
      `API_PORT: port ${taken} is in use by another program; set API_PORT to a free one`,
      `AGGREGATOR_PORT: ${free} is INGEST_PORT already`,
      'DELIVERY_PORT: 0 is no fixed port; name one',
    ]);
  });

  it('has nothing to say about free ones', async () => {
    expect(await portFaults([{ setting: 'API_PORT', port: await freePort() }])).toEqual([]);
  });
});

import { Connection } from '../src/connection';
import { StandIn } from './stand-in';

const question = { accounts: null, queries: [null], partitions: [[0, 0]] } as const;

describe('a connection', () => {
  it('keeps nobody waiting longer for those who wait before', async () => {
    const standIn = await StandIn.start([0]);
    standIn.stop();
    const connection = new Connection(standIn.url, 'a token', { connections: 2, answerMs: 300 });
    const asked = await Promise.allSettled(Array.from({ length: 6 }, () => connection.ask('count', question)));
    expect(asked.map(({ status }) => status)).toEqual(Array(6).fill('rejected'));
    // The last ones' time was over before their turn came: one after the other, all six would be asked.
    expect(standIn.count('count')).toBeLessThan(6);
    await connection.close();
    await standIn.die();
  });
});

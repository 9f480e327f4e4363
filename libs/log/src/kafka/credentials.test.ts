import { readFileSync } from 'node:fs';
import { describeWithOwnKafka } from '@parley/kafka-dev';
import { pino } from 'pino';
import { type KafkaLogOptions, openKafkaLog } from './log';

jest.setTimeout(120_000);

describeWithOwnKafka('a broker that asks who we are', { registry: false, secure: true }, (kafka) => {
  const secure = () => {
    const addresses = kafka().secure;
    if (!addresses) throw new Error('no secure listeners');
    return addresses;
  };
  const pem = (path: string) => readFileSync(path, 'utf8');

  /** What comes of a first record for whoever opens the log so, and everything that is logged meanwhile. */
  const attempt = async (options: Pick<KafkaLogOptions, 'brokers' | 'tls' | 'sasl'>) => {
    const lines: string[] = [];
    const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
    const log = await openKafkaLog({ clientId: 'parley-test', logger, ...options });
    try {
      await log.check();
      await log.ensureTopics([{ name: 'events', partitions: 1, cleanup: 'delete', retentionMs: null }]);
      await log.append('events', [{ key: 'a', value: Buffer.from('a secret') }]);
      return { outcome: 'appended', logged: lines.join('') };
    } catch (error) {
      return { outcome: (error as { code?: string }).code, message: (error as Error).message, logged: lines.join('') };
    } finally {
      await log.close();
    }
  };

  const withPassword = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password = secure().sasl.password) => ({
    brokers: secure().sasl.brokers,
    tls: { ca: pem(secure().ca) },
    sasl: { mechanism, username: secure().sasl.username, password },
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('takes a password over %s', async (mechanism) => {
    const { outcome, logged } = await attempt(withPassword(mechanism));
    expect(outcome).toBe('appended');
    expect(logged).not.toContain(secure().sasl.password);
    expect(logged).not.toContain('a secret');
  });

  it.each(['plain', 'scram-sha-512'] as const)('refuses a wrong password over %s, for good', async (mechanism) => {
    const { outcome, message, logged } = await attempt(withPassword(mechanism, 'not-the-password'));
    expect(outcome).toBe('LOG_REFUSED');
    expect(message).toContain(secure().sasl.brokers[0]);
    expect(`${message}${logged}`).not.toContain('not-the-password');
  });

  it('takes our certificate', async () => {
    const { brokers, cert, key } = secure().mutualTls;
    const { outcome, logged } = await attempt({
      brokers,
      tls: { ca: pem(secure().ca), cert: pem(cert), key: pem(key) },
    });
    expect(outcome).toBe('appended');
    expect(logged).not.toContain('PRIVATE KEY');
  });

  it('refuses us without one', async () => {
    const { brokers } = secure().mutualTls;
    expect(await attempt({ brokers, tls: { ca: pem(secure().ca) } })).toMatchObject({ outcome: 'LOG_REFUSED' });
  });

  it('is refused where its certificate is not trusted', async () => {
    expect(await attempt({ ...withPassword('plain'), tls: {} })).toMatchObject({ outcome: 'LOG_REFUSED' });
  });
});

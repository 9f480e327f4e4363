import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** How to reach a broker that does not trust everybody. Certificates and keys are given as paths of PEM files. */
export interface SecureAddresses {
  /** TLS, with name and password over PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. */
  readonly sasl: { readonly brokers: readonly string[]; readonly username: string; readonly password: string };
  /** TLS; the client must show its certificate. */
  readonly mutualTls: { readonly brokers: readonly string[]; readonly cert: string; readonly key: string };
  /** What the broker's certificate is signed by. */
  readonly ca: string;
}

export interface SecureListeners {
  readonly addresses: SecureAddresses;
  /** Appended to the properties of the same names. */
  readonly listeners: string;
  readonly protocols: string;
  readonly config: Readonly<Record<string, string>>;
  /** Users of the storage tool's --add-scram. */
  readonly scramUsers: readonly string[];
}

const USERNAME = 'parley';
const PASSWORD = 'a-password-of-tests';
const MODULES = 'org.apache.kafka.common.security';

interface Certificate {
  readonly cert: string;
  readonly key: string;
  /** Both in one file, as the broker wants it. */
  readonly both: string;
}

/** A self-signed certificate of this machine: it is its own authority. */
async function certificate(dir: string, name: string): Promise<Certificate> {
  const made = {
    cert: join(dir, `${name}.pem`),
    key: join(dir, `${name}-key.pem`),
    both: join(dir, `${name}-both.pem`),
  };
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const files = ['-keyout', made.key, '-out', made.cert];
  await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...names, ...files]);
  const texts = await Promise.all([readFile(made.key, 'utf8'), readFile(made.cert, 'utf8')]);
  await writeFile(made.both, texts.join(''));
  return made;
}

/** Listeners of a broker at two more ports. Needs openssl. */
export async function secureListeners(dir: string, saslPort: number, mutualPort: number): Promise<SecureListeners> {
  await mkdir(dir, { recursive: true });
  const [broker, client] = await Promise.all([certificate(dir, 'broker'), certificate(dir, 'client')]);
  const sasl = 'listener.name.sasl';
  return {
    addresses: {
      sasl: { brokers: [`127.0.0.1:${saslPort}`], username: USERNAME, password: PASSWORD },
      mutualTls: { brokers: [`127.0.0.1:${mutualPort}`], cert: client.cert, key: client.key },
      ca: broker.cert,
    },
    listeners: `,SASL://127.0.0.1:${saslPort},MUTUAL://127.0.0.1:${mutualPort}`,
    protocols: ',SASL:SASL_SSL,MUTUAL:SSL',
    config: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': broker.both,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': client.cert,
      'listener.name.mutual.ssl.client.auth': 'required',
      [`${sasl}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      [`${sasl}.plain.sasl.jaas.config`]: `${MODULES}.plain.PlainLoginModule required user_${USERNAME}="${PASSWORD}";`,
      [`${sasl}.scram-sha-256.sasl.jaas.config`]: `${MODULES}.scram.ScramLoginModule required;`,
      [`${sasl}.scram-sha-512.sasl.jaas.config`]: `${MODULES}.scram.ScramLoginModule required;`,
    },
    scramUsers: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map(
      (mechanism) => `${mechanism}=[name=${USERNAME},password=${PASSWORD}]`,
    ),
  };
}

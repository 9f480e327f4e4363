import { RegistryError } from '@parley/contracts';
import { Agent, request } from 'undici';

/** Longer than any registry takes that is well; a caller waits for it. */
const ANSWER_MS = 3_000;
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

export interface RegistryAddress {
  /** Base of Confluent's API, without credentials. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Certificates to trust instead of the system's, PEM. */
  readonly ca?: string | undefined;
}

export type Json = Readonly<Record<string, unknown>>;

/** The registry itself, with an error code of its API, says that there is none such. */
export class NoneSuch extends Error {
  /** @kafkajs/confluent-schema-registry looks for it here. */
  readonly status = 404;
  override readonly name = 'NoneSuch';
}

/**
 * One request to a registry with Confluent's API, answered within ANSWER_MS.
 * Source: Confluent "Schema Registry API Reference".
 */
export class RegistryTransport {
  private readonly agent: Agent;
  private readonly headers: Readonly<Record<string, string>>;

  constructor({ username, password = '', ca }: RegistryAddress) {
    // No connection is kept: requests are rare, and one that was closed meanwhile would fail the next.
    this.agent = new Agent({ pipelining: 0, connect: { timeout: ANSWER_MS, ...(ca === undefined ? {} : { ca }) } });
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    this.headers = {
      accept: `${MEDIA_TYPE}, application/json`,
      'content-type': MEDIA_TYPE,
      ...(username === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
  }

  /**
   * @param body  JSON text
   * @throws NoneSuch, SCHEMA_INCOMPATIBLE, REGISTRY_UNAVAILABLE, REGISTRY_REFUSED
   */
  async send(method: string, url: string, body: string | null): Promise<Json> {
    const first = await this.exchange(method, url, body);
    // Apicurio, where another one sets the same rule at the same time.
    const isRace = first.status === 409 && method === 'PUT';
    const { status, json } = isRace ? await this.exchange(method, url, body) : first;
    if (status >= 200 && status < 300 && json) return json;
    // A bare 404 is what a proxy says of a path that it does not know: no reason to give a record up.
    if (status === 404 && /^404\d\d$/.test(String(json?.error_code))) throw new NoneSuch(said(json));
    if (status === 409 && method === 'POST') {
      throw new RegistryError('SCHEMA_INCOMPATIBLE', `${url}: the schema registry says: ${said(json)}`);
    }
    const answer = `${status} ${said(json)}`.trim();
    if (status === 401 || status === 403 || status === 422) throw refused(url, answer);
    throw unavailable(url, `${answer}, which is no answer of Confluent’s API`);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  private async exchange(method: string, url: string, body: string | null) {
    try {
      const answer = await request(url, {
        method: method as 'GET',
        headers: this.headers,
        body,
        dispatcher: this.agent,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return { status: answer.statusCode, json: parse(await answer.body.text()) };
    } catch (error) {
      const cause = error as Error & { readonly code?: unknown };
      if (isDistrust(cause.code)) throw refused(url, cause.message, cause);
      throw unavailable(url, cause.message, cause);
    }
  }
}

function refused(url: string, why: string, cause?: Error): RegistryError {
  return new RegistryError('REGISTRY_REFUSED', `${url}: the schema registry refuses: ${why}`, {}, { cause });
}

function unavailable(url: string, why: string, cause?: Error): RegistryError {
  return new RegistryError(
    'REGISTRY_UNAVAILABLE',
    `${url}: the schema registry can not be asked: ${why}`,
    {},
    { cause },
  );
}

function said(json: Json | undefined): string {
  return typeof json?.message === 'string' ? json.message : '';
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}

/** A certificate that is not good today is not better at the next try. */
function isDistrust(code: unknown): boolean {
  return /^(ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(String(code));
}

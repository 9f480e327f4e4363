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

/** A version of a subject's schema. */
export interface SchemaVersion {
  readonly id: number;
  readonly version: number;
  readonly schema: string;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The calls of Confluent's API that we need. Not over @kafkajs/confluent-schema-registry: its API client throws the
 * error code of an answer away, by which alone a schema that does not exist differs from a proxy that does not know the
 * path, and never settles where a failure's body is `null` or breaks off.
 *
 * Every call ends within ANSWER_MS and throws REGISTRY_UNAVAILABLE or REGISTRY_REFUSED where it can't answer.
 * Source: Confluent "Schema Registry API Reference".
 */
export class RegistryApi {
  private readonly agent: Agent;
  private readonly headers: Readonly<Record<string, string>>;

  constructor(private readonly address: RegistryAddress) {
    const { username, password = '', ca } = address;
    // No connection is kept: requests are rare, and one that was closed meanwhile would fail the next.
    this.agent = new Agent({ pipelining: 0, connect: { timeout: ANSWER_MS, ...(ca === undefined ? {} : { ca }) } });
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    this.headers = {
      accept: `${MEDIA_TYPE}, application/json`,
      'content-type': MEDIA_TYPE,
      ...(username === undefined ? {} : { authorization: `Basic ${credentials}` }),
    };
  }

  /** Type (AVRO, PROTOBUF, JSON) and text of an id's schema; undefined where there is none. */
  async schema(id: number): Promise<{ readonly type: string; readonly text: string } | undefined> {
    const body = await this.ask('GET', `/schemas/ids/${id}`);
    return body && { type: String(body.schemaType ?? 'AVRO'), text: String(body.schema) };
  }

  /** The version of the subject that has just this text. */
  async lookUp(subject: string, text: string): Promise<SchemaVersion | undefined> {
    const body = await this.ask('POST', `/subjects/${encodeURIComponent(subject)}`, { schema: text });
    return body && versionOf(body);
  }

  async version(subject: string, version: number | 'latest'): Promise<SchemaVersion | undefined> {
    const body = await this.ask('GET', `/subjects/${encodeURIComponent(subject)}/versions/${version}`);
    return body && versionOf(body);
  }

  /** @returns the id. @throws SCHEMA_INCOMPATIBLE */
  async register(subject: string, text: string): Promise<number> {
    const path = `/subjects/${encodeURIComponent(subject)}/versions`;
    const { status, json } = await this.send('POST', path, { schema: text });
    if (status === 409) {
      throw new RegistryError('SCHEMA_INCOMPATIBLE', `${subject}: the registry says: ${json?.message}`, { subject });
    }
    const body = this.understood(path, status, json);
    if (!body) throw this.unavailable(path, String(status));
    return Number(body.id);
  }

  /** Quiet where the registry has no rules for a subject that does not exist yet. */
  async holdToFullTransitive(subject: string): Promise<void> {
    const path = `/config/${encodeURIComponent(subject)}`;
    const rule = { compatibility: 'FULL_TRANSITIVE' };
    const first = await this.send('PUT', path, rule);
    // Apicurio, where another one sets it at the same time.
    const { status, json } = first.status === 409 ? await this.send('PUT', path, rule) : first;
    this.understood(path, status, json);
  }

  close(): Promise<void> {
    return this.agent.destroy();
  }

  /** @returns undefined where the registry says that there is none such */
  private async ask(method: 'GET' | 'POST', path: string, body?: Json): Promise<Json | undefined> {
    const { status, json } = await this.send(method, path, body);
    return this.understood(path, status, json);
  }

  private understood(path: string, status: number, json: Json | undefined): Json | undefined {
    if (status >= 200 && status < 300 && json) return json;
    // A bare 404 is what a proxy says of a path that it does not know: no reason to give a record up.
    if (status === 404 && /^404\d\d$/.test(String(json?.error_code))) return undefined;
    const said = `${status} ${json?.message ?? ''}`.trim();
    if (status === 401 || status === 403 || status === 422) throw this.refused(path, said);
    throw this.unavailable(path, `${said}, which is no answer of Confluent’s API`);
  }

  private async send(method: 'GET' | 'POST' | 'PUT', path: string, body: Json | undefined) {
    try {
      const answer = await request(`${this.address.url}${path}`, {
        method,
        headers: this.headers,
        body: body === undefined ? null : JSON.stringify(body),
        dispatcher: this.agent,
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      return { status: answer.statusCode, json: parse(await answer.body.text()) };
    } catch (error) {
      const cause = error as Error & { readonly code?: unknown };
      if (isDistrust(cause.code)) throw this.refused(path, cause.message, cause);
      throw this.unavailable(path, cause.message, cause);
    }
  }

  private refused(path: string, why: string, cause?: Error): RegistryError {
    const message = `${this.address.url}${path}: the schema registry refuses: ${why}`;
    return new RegistryError('REGISTRY_REFUSED', message, {}, { cause });
  }

  private unavailable(path: string, why: string, cause?: Error): RegistryError {
    const message = `${this.address.url}${path}: the schema registry can not be asked: ${why}`;
    return new RegistryError('REGISTRY_UNAVAILABLE', message, {}, { cause });
  }
}

function versionOf({ id, version, schema }: Json): SchemaVersion {
  return { id: Number(id), version: Number(version), schema: String(schema) };
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

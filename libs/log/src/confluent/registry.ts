import { createHash } from 'node:crypto';
import {
  isRegistryError,
  isSameSchema,
  RegistryError,
  type SchemaRegistrar,
  type SchemaRegistry,
} from '@parley/contracts';
import type { Logger } from 'pino';
import { RegistryApi } from './api';
import { SchemaCache } from './schema-cache';
import type { RegistryAddress } from './transport';

/** Ids are Java ints; a frame can hold larger ones. */
const ID_MAX = 2 ** 31 - 1;
/** Versions of a subject that are compared with ours, from its first, where the registry finds none with our text. */
const VERSIONS_COMPARED_MAX = 50;
/** How long a registry that did not answer is not asked for what is kept in the file. */
const AWAY_MS = 5_000;

export interface ConfluentRegistryOptions extends RegistryAddress {
  /** Put before every subject; default none. */
  readonly prefix?: string;
  /** Where answers are kept for a start while the registry is away; absent: nowhere. One process, one file. */
  readonly cacheFile?: string;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/**
 * A registry with Confluent's API. Connects when it is first asked; every call ends within a few seconds. What it once
 * said of a schema or an id is not asked again.
 */
export function openConfluentRegistry(
  options: ConfluentRegistryOptions,
): SchemaRegistry & SchemaRegistrar & { close(): Promise<void> } {
  const { url, prefix = '', cacheFile, logger } = options;
  const cache = new SchemaCache({ file: cacheFile, registry: `${url} ${prefix}`, logger });
  return new ConfluentRegistry(new RegistryApi(options), cache, prefix, logger);
}

class ConfluentRegistry implements SchemaRegistry, SchemaRegistrar {
  private readonly ids = new Map<string, Promise<number>>();
  private readonly schemas = new Map<number, Promise<object | undefined>>();
  private awayUntil = 0;

  constructor(
    private readonly api: RegistryApi,
    private readonly cache: SchemaCache,
    private readonly prefix: string,
    private readonly logger: Pick<Logger, 'warn' | 'info'>,
  ) {}

  idOf(subject: string, schema: object): Promise<number> {
    const name = this.prefix + subject;
    const key = `${name} ${createHash('sha256').update(JSON.stringify(schema)).digest('base64url')}`;
    return once(this.ids, key, async () => {
      const id = await this.orKept(this.cache.id(key), () => this.find(name, schema));
      this.cache.putId(key, id);
      // What others wrote under this id, on whichever topic, can be read without asking.
      if (!this.schemas.has(id)) this.schemas.set(id, Promise.resolve(schema));
      this.cache.putSchema(id, schema);
      return id;
    });
  }

  async schemaOf(id: number): Promise<object | undefined> {
    if (id > ID_MAX) return undefined;
    const schema = await once(this.schemas, id, async () => {
      const found = await this.orKept(this.cache.schema(id), () => this.api.schema(id));
      if (found) this.cache.putSchema(id, found);
      return found;
    });
    // Somebody may register it later.
    if (!schema) this.schemas.delete(id);
    return schema;
  }

  async register(subject: string, schema: object): Promise<{ readonly id: number; readonly isNew: boolean }> {
    const name = this.prefix + subject;
    const known = await this.api.lookUp(name, schema);
    // Before, so that no version slips in that was not compared; some take no rule before the first one, for which
    // registering sets it.
    await this.api.holdToFullTransitive(name);
    if (known !== undefined) return { id: known, isNew: false };
    return { id: await this.api.register(name, schema), isNew: true };
  }

  async close(): Promise<void> {
    await Promise.all([this.api.close(), this.cache.close()]);
  }

  private async find(subject: string, schema: object): Promise<number> {
    const found = (await this.api.lookUp(subject, schema)) ?? (await this.findByMeaning(subject, schema));
    if (found !== undefined) return found;
    throw new RegistryError(
      'SCHEMA_UNREGISTERED',
      `${subject}: the schema of this version is not registered; run \`parley deploy\``,
      { subject },
    );
  }

  /** Registries compare texts: one that was registered in another layout or with other docs is the same to us. */
  private async findByMeaning(subject: string, schema: object): Promise<number | undefined> {
    const latest = await this.api.version(subject, 'latest');
    if (latest === undefined) return undefined;
    // Numbers of versions that were deleted are not given again.
    for (let version = 1; version <= VERSIONS_COMPARED_MAX; version += 1) {
      const id = await this.api.version(subject, version);
      const candidate = id === undefined ? undefined : await this.api.schema(id);
      if (candidate && isSameSchema(candidate, schema)) return id;
      if (id === latest) return undefined;
    }
    return undefined;
  }

  /** What the registry says; what it said formerly while it does not answer. */
  private async orKept<T>(kept: T | undefined, ask: () => Promise<T>): Promise<T> {
    if (kept !== undefined && Date.now() < this.awayUntil) return kept;
    try {
      const said = await ask();
      this.answers();
      return said;
    } catch (error) {
      if (kept === undefined || !isRegistryError(error, 'REGISTRY_UNAVAILABLE')) throw error;
      this.isAway(error);
      return kept;
    }
  }

  private isAway({ code, message }: RegistryError): void {
    if (this.awayUntil === 0) {
      this.logger.warn({ code, reason: message }, 'the schema registry does not answer; what is kept of it is used');
    }
    this.awayUntil = Date.now() + AWAY_MS;
  }

  private answers(): void {
    if (this.awayUntil === 0) return;
    this.awayUntil = 0;
    this.logger.info('the schema registry answers again');
  }
}

/** One attempt for all who ask at once; what succeeded stays. */
function once<K, V>(known: Map<K, Promise<V>>, key: K, attempt: () => Promise<V>): Promise<V> {
  const before = known.get(key);
  if (before) return before;
  const underWay = attempt();
  known.set(key, underWay);
  underWay.catch(() => known.delete(key));
  return underWay;
}

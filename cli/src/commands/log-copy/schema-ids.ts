import { isSameSchema } from '@parley/contracts';
import type { Schemas } from '../log/ends';
import { NO_SCHEMA, reframed, schemaIdOf } from './frame';

/** TopicRecordNameStrategy, of whatever schema a record was written with. */
function subjectOf(topic: string, schema: object): string {
  const { namespace, name } = schema as { namespace?: unknown; name?: unknown };
  return `${topic}-${typeof namespace === 'string' ? `${namespace}.` : ''}${String(name)}`;
}

/** Which schema of the target stands for which of the source, for the records of one topic. */
export class SchemaIds {
  private constructor(private readonly targets: ReadonlyMap<number, number>) {}

  /**
   * Registers what the topic's records are written with, in the order in which the source's registry learnt of it.
   * @param ids every id that a record of the topic has
   * @throws SCHEMA_INCOMPATIBLE, REGISTRY_UNAVAILABLE
   */
  static async register(topic: string, ids: Iterable<number>, source: Schemas, target: Schemas): Promise<SchemaIds> {
    const targets = new Map<number, number>();
    for (const id of [...ids].sort((a, b) => a - b)) {
      const schema = await source.schemaOf(id);
      targets.set(id, schema ? (await target.register(subjectOf(topic, schema), schema)).id : NO_SCHEMA);
    }
    return new SchemaIds(targets);
  }

  /** Ids of the source that its own registry has no schema for. */
  get unknown(): readonly number[] {
    return [...this.targets].filter(([, target]) => target === NO_SCHEMA).map(([id]) => id);
  }

  /** What is no frame stays as it is. */
  reframe(value: Buffer | null): Buffer | null {
    const id = schemaIdOf(value);
    if (value === null || id === undefined) return value;
    const target = this.targets.get(id);
    if (target === undefined) throw new Error(`a record with schema ${id} came after the schemas were looked through`);
    return target === id ? value : reframed(value, target);
  }
}

/** Tells whether an id of the one registry and an id of the other mean the same schema, by what the registries hold. */
export class SchemaTwins {
  private readonly known = new Map<string, boolean>();

  constructor(
    private readonly source: Schemas,
    private readonly target: Schemas,
  ) {}

  /** Not asynchronous where the pair was seen before: it is asked for every record. */
  same(sourceId: number, targetId: number): boolean | Promise<boolean> {
    const pair = `${sourceId} ${targetId}`;
    return this.known.get(pair) ?? this.look(pair, sourceId, targetId);
  }

  private async look(pair: string, sourceId: number, targetId: number): Promise<boolean> {
    const [ours, theirs] = await Promise.all([this.source.schemaOf(sourceId), this.target.schemaOf(targetId)]);
    const same = ours && theirs ? isSameSchema(ours, theirs) : ours === theirs;
    this.known.set(pair, same);
    return same;
  }
}

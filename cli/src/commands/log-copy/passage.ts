import { registerSchemas } from '@parley/contracts';
import type { Log, Offset, TopicDescription } from '@parley/log';
import type { Ends } from '../log/ends';
import { sideBySide } from '../log/side-by-side';
import { batchesOf } from '../log/stream';
import type { Committed } from './committed';
import { schemaIdOf } from './frame';
import { OffsetMap } from './offset-map';
import { SchemaIds } from './schema-ids';
import { topicsOfParley } from './topics';

/** One partition on its way: what the source has of it, and where that goes. */
export interface PartitionPassage {
  readonly partition: number;
  readonly start: Offset;
  readonly end: Offset;
  readonly offsets: OffsetMap;
}

/** One topic on its way. */
export class Passage {
  private constructor(
    readonly spec: TopicDescription,
    readonly schemas: SchemaIds,
    readonly partitions: readonly PartitionPassage[],
  ) {}

  /**
   * Reads the topic once to learn its schemas, and registers them with the target: a schema that is refused is so
   * before the first record is copied.
   */
  static async prepare(
    { source, target }: Ends,
    spec: TopicDescription,
    committed: readonly Committed[],
  ): Promise<Passage> {
    const ids = await schemaIdsOf(source.log, spec);
    const schemas = await SchemaIds.register(spec.name, ids, source.schemas, target.schemas);
    // This version's own come last: they are the newest, and services look for them.
    await registerSchemas(target.schemas, topicsOfParley([spec.name]));
    const own = committed.filter(({ topic }) => topic === spec.name);
    const partitions = spec.offsets.map(({ partition, start, end }) => ({
      partition,
      start,
      end,
      offsets: new OffsetMap(own.flatMap(({ positions }) => positions.get(partition) ?? [])),
    }));
    return new Passage(spec, schemas, partitions);
  }

  partition(number: number): PartitionPassage {
    const found = this.partitions.find(({ partition }) => partition === number);
    if (!found) throw new Error(`${this.spec.name} has no partition ${number}`);
    return found;
  }
}

async function schemaIdsOf(log: Log, { name, offsets }: TopicDescription): Promise<ReadonlySet<number>> {
  const ids = new Set<number>();
  const look = async (partition: number, from: Offset, to: Offset) => {
    for await (const records of batchesOf(log, { topic: name, partition, from, to })) {
      for (const { value } of records) {
        const id = schemaIdOf(value);
        if (id !== undefined) ids.add(id);
      }
    }
  };
  await sideBySide(offsets, ({ partition, start, end }) => look(partition, start, end));
  return ids;
}

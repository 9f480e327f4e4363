import type { PartitionOffset } from './protocol';

/** The positions behind which no answer may go back: the highest that any answer was given from, by partition. */
export class Floors {
  private readonly floors = new Map<number, number>();

  at(partition: number): number {
    return this.floors.get(partition) ?? 0;
  }

  /** What a question about these partitions demands. */
  of(partitions: readonly number[]): readonly PartitionOffset[] {
    return partitions.map((partition) => [partition, this.at(partition)]);
  }

  raise(positions: readonly PartitionOffset[]): void {
    for (const [partition, position] of positions) {
      if (position > this.at(partition)) this.floors.set(partition, position);
    }
  }
}

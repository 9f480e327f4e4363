import type { PartitionPosition } from '@parley/query';
import { Counter, Gauge, type Registry } from 'prom-client';

export interface AggregatorMetrics {
  readonly records: Counter;
  readonly deadLetters: Counter<'reason'>;
}

export interface AggregatorFigures {
  readonly positions: () => readonly PartitionPosition[];
  /** Milliseconds since the newest moment whose log has been applied. */
  readonly ageMs: (partition: number) => number | undefined;
}

export function aggregatorMetrics(registry: Registry, { positions, ageMs }: AggregatorFigures): AggregatorMetrics {
  const gauge = (name: string, help: string, of: (position: PartitionPosition) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['partition'],
      registers: [registry],
      collect() {
        this.reset();
        for (const position of positions()) this.set({ partition: position.partition }, of(position));
      },
    });
  gauge('parley_aggregator_position', 'Next offset to be applied', ({ applied }) => applied);
  gauge(
    'parley_aggregator_lag_records',
    'Records between the position and the end of the log',
    (p) => p.end - p.applied,
  );
  gauge(
    'parley_aggregator_age_seconds',
    'Time since the newest moment whose log is known to be applied',
    (p) => (ageMs(p.partition) ?? Number.POSITIVE_INFINITY) / 1_000,
  );
  return {
    records: new Counter({
      name: 'parley_aggregator_records_total',
      help: 'Records of the conversation log that were read',
      registers: [registry],
    }),
    deadLetters: new Counter({
      name: 'parley_aggregator_dead_letters_total',
      help: 'Records that could not be decoded or applied',
      labelNames: ['reason'],
      registers: [registry],
    }),
  };
}

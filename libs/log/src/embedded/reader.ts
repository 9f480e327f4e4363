import type { LogReader, NextOptions, Offset, RecordBatch } from '../port';
import { MAX_RECORDS, Turn } from '../turn';
import { LocalBell, waitForRing } from './bell';
import type { TopicStore } from './topic';

export class EmbeddedReader implements LogReader {
  private readonly turn = new Turn();
  private readonly stopped = new LocalBell();
  private closed = false;
  private order: number[];

  constructor(
    private readonly topic: TopicStore,
    private readonly at: Map<number, Offset>,
    private readonly onClose: (reader: EmbeddedReader) => void,
  ) {
    this.order = [...at.keys()];
  }

  async next(options: NextOptions = {}): Promise<RecordBatch | undefined> {
    const { maxRecords = MAX_RECORDS, maxWaitMs = 0, signal } = options;
    const deadline = performance.now() + maxWaitMs;
    await this.turn.giveWay();
    while (!this.closed && !signal?.aborted) {
      const seen = this.topic.bell.rung;
      const batch = this.take(maxRecords);
      if (batch) return batch;
      const ms = deadline - performance.now();
      if (ms <= 0) return undefined;
      const bells = [
        { bell: this.topic.bell, seen },
        { bell: this.stopped, seen: 0 },
      ];
      await waitForRing(bells, { ms, signal });
    }
    return undefined;
  }

  private take(maxRecords: number): RecordBatch | undefined {
    for (const [index, partition] of this.order.entries()) {
      const from = this.at.get(partition);
      if (from === undefined) continue;
      const batch = this.topic.read(partition, from, maxRecords);
      if (!batch) continue;
      this.at.set(partition, batch.next);
      this.order = [...this.order.slice(index + 1), ...this.order.slice(0, index + 1)];
      return batch;
    }
    return undefined;
  }

  positions(): ReadonlyMap<number, Offset> {
    return new Map(this.at);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.stopped.ring();
    this.onClose(this);
  }
}

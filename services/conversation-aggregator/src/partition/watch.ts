import { topics } from '@parley/contracts';
import type { Log } from '@parley/log';
import { LOG, type Outages } from '../outages';
import { Freshness } from './freshness';

/** Pause between two looks at the log's ends; a few of them fit into IN_TOUCH_MS. */
const LOOK_MS = 500;
const BEAT_MS = 100;

export interface WatchOptions {
  readonly log: Log;
  readonly outages: Outages;
  /** Position that queries see. */
  readonly position: (partition: number) => number;
}

/** Looks at the log's ends again and again, so that the aggregator knows whether it is in touch. */
export class Watch {
  readonly freshness = new Freshness(() => this.look());
  private readonly beats: NodeJS.Timeout;
  private isStopped = false;
  private look: () => void = () => {};
  private readonly running: Promise<void>;

  constructor(private readonly options: WatchOptions) {
    this.beats = setInterval(() => this.freshness.beat(), BEAT_MS);
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.beats);
    this.look();
    await this.running;
  }

  private async run(): Promise<void> {
    const { log, outages, position } = this.options;
    while (!this.isStopped) {
      const atMs = performance.now();
      try {
        const ends = await log.ends(topics.conversationEvents.name);
        outages.over(LOG);
        this.freshness.looked(atMs, ends);
        for (const partition of ends.keys()) this.freshness.reached(partition, position(partition));
      } catch (error) {
        // Not to know is all that follows from it here; whoever reads or writes decides whether it is fatal.
        if (!this.isStopped) outages.begin(LOG, error);
      }
      if (!this.isStopped) await this.pause();
    }
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_MS);
      this.look = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

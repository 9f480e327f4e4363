const EVERY_MS = 5_000;

/** Counts what has been done, and says so now and then. */
export class Progress {
  private readonly startedAt = performance.now();
  private saidAt = this.startedAt;
  private counted = 0;
  private countedBytes = 0;

  constructor(
    private readonly verb: string,
    private readonly note: (line: string) => void,
  ) {}

  readonly add = (records: number, bytes: number): void => {
    this.counted += records;
    this.countedBytes += bytes;
    const now = performance.now();
    if (now - this.saidAt < EVERY_MS) return;
    this.saidAt = now;
    this.note(this.text());
  };

  get records(): number {
    return this.counted;
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** Such as `copied 120000 records, 14.2 MB, in 1.5 s (80000/s)`. */
  text(): string {
    const { seconds } = this;
    const rate = Math.round(this.counted / Math.max(seconds, 0.001));
    const megabytes = (this.countedBytes / 1e6).toFixed(1);
    return `${this.verb} ${this.counted} records, ${megabytes} MB, in ${seconds.toFixed(1)} s (${rate}/s)`;
  }
}

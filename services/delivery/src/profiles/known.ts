/** A set that forgets its oldest entries: for what may be asked again at a cost. */
export class Known {
  private readonly entries = new Set<string>();

  constructor(private readonly max: number) {}

  has(key: string): boolean {
    return this.entries.has(key);
  }

  add(key: string): void {
    this.entries.delete(key);
    this.entries.add(key);
    if (this.entries.size <= this.max) return;
    const [oldest] = this.entries;
    if (oldest !== undefined) this.entries.delete(oldest);
  }
}

/** The first so many, in an order, of items that come in any. It never holds more than twice as many. */
export class Selection {
  private readonly items: number[] = [];
  /** No item after this one is among the first. */
  private last: number | undefined;
  private readonly room: number;

  constructor(
    private readonly limit: number,
    private readonly compare: (a: number, b: number) => number,
  ) {
    this.room = Math.max(64, 2 * limit);
  }

  add(item: number): void {
    if (this.last !== undefined && this.compare(item, this.last) > 0) return;
    this.items.push(item);
    if (this.items.length >= this.room) this.last = this.sorted().at(-1);
  }

  /** Those found, in order. */
  sorted(): number[] {
    this.items.sort(this.compare);
    if (this.items.length > this.limit) this.items.length = this.limit;
    return this.items;
  }
}

import { front, type Place, SortedList } from './sorted-list';

/** Slots newest first: by sort key, falling, then by id, rising. */
export class RecencyOrder {
  private readonly sortKeys: number[] = [];
  private readonly ids: string[] = [];
  private readonly list = new SortedList<number>((a, b) => this.compare(a, b));

  add(slot: number, sortKey: number, id: string): void {
    this.sortKeys[slot] = sortKey;
    this.ids[slot] = id;
    this.list.insert(slot);
  }

  remove(slot: number): void {
    this.list.remove(slot);
    this.ids[slot] = '';
  }

  get size(): number {
    return this.list.size;
  }

  compare(a: number, b: number): number {
    return this.compareTo(a, this.sortKeys[b] ?? 0, this.ids[b] ?? '');
  }

  /** Negative if the slot lies before such a document. */
  compareTo(slot: number, sortKey: number, id: string): number {
    const own = this.sortKeys[slot] ?? 0;
    if (own !== sortKey) return sortKey - own;
    const ownId = this.ids[slot] ?? '';
    return ownId < id ? -1 : ownId > id ? 1 : 0;
  }

  /** First place whose document is such a one or lies after it. */
  at(sortKey: number, id: string): Place {
    return this.list.find((slot) => this.compareTo(slot, sortKey, id));
  }

  forward(from: Place, visit: (slot: number) => boolean): void {
    this.list.forward(from, visit);
  }

  backward(from: Place, visit: (slot: number) => boolean): void {
    this.list.backward(from, visit);
  }

  static readonly front = front;
}

/**
 * Names for static members (KIP-345): the process's own for its first member of a group, with a number for further
 * ones. A process that starts again takes the same names in the same order, and with them its former partitions.
 */
export class InstanceIds {
  private readonly taken = new Set<string>();

  /** @param base  null: members are not static */
  constructor(private readonly base: string | null) {}

  take(group: string): { readonly id: string | null; release(): void } {
    if (this.base === null) return { id: null, release: () => {} };
    for (let number = 1; ; number++) {
      const id = number === 1 ? this.base : `${this.base}-${number}`;
      const key = `${group}/${id}`;
      if (this.taken.has(key)) continue;
      this.taken.add(key);
      return { id, release: () => void this.taken.delete(key) };
    }
  }
}

import type { Demands, PartitionOffset } from '@parley/query';
import { AppError, type Call } from '@parley/service-kit';

/** Reads typed fields of a query's body. @throws AppError INVALID_REQUEST naming the field */
export class Fields {
  private readonly body: Readonly<Record<string, unknown>>;

  constructor(call: Pick<Call, 'json'>) {
    this.body = call.json();
  }

  text(name: string): string {
    const value = this.body[name];
    return typeof value === 'string' ? value : fault(name, 'a text');
  }

  optionalText(name: string): string | undefined {
    return this.body[name] === undefined ? undefined : this.text(name);
  }

  /** An integer of at least 0. */
  count(name: string): number {
    const value = this.body[name];
    return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : fault(name, 'an integer of 0 or more');
  }

  optionalCount(name: string): number | undefined {
    return this.body[name] === undefined ? undefined : this.count(name);
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.body[name] ?? otherwise;
    return typeof value === 'boolean' ? value : fault(name, 'true or false');
  }

  demands(): Demands {
    const { inTouch, partitions } = this.body;
    return {
      ...(partitions !== undefined && { partitions: positionsOf(partitions) }),
      ...(inTouch !== undefined && { inTouch: this.flag('inTouch', false) }),
      ...(this.body.withinMs !== undefined && { withinMs: this.count('withinMs') }),
    };
  }

  /** Tenants; null for all. */
  accounts(): readonly number[] | null {
    const value = this.body.accounts;
    if (value === null) return null;
    if (Array.isArray(value) && value.every((id) => Number.isSafeInteger(id))) return value;
    return fault('accounts', 'a list of account ids, or null');
  }

  /** Queries; null where all is asked for. */
  queries(): readonly (string | undefined)[] {
    const value = this.body.queries;
    if (Array.isArray(value) && value.every((query) => query === null || typeof query === 'string')) {
      return value.map((query: string | null) => query ?? undefined);
    }
    return fault('queries', 'a list of query texts or nulls');
  }
}

/** Each partition once. */
function positionsOf(value: unknown): readonly PartitionOffset[] {
  const isPair = (pair: unknown): pair is PartitionOffset =>
    Array.isArray(pair) && pair.length === 2 && pair.every((item) => Number.isSafeInteger(item) && item >= 0);
  if (!Array.isArray(value) || !value.every(isPair) || new Set(value.map(([p]) => p)).size !== value.length) {
    return fault('partitions', 'a list of [partition, position], each partition once');
  }
  return value;
}

function fault(field: string, expected: string): never {
  throw new AppError('INVALID_REQUEST', { message: `${field} is not ${expected}`, field });
}

import { normalize, words } from '../analysis';
import { decodeCursor } from '../cursor';
import { Budget } from '../limits';
import { fieldKind } from '../plan/fields';
import type { Plan } from '../plan/plan';
import { planQuery } from '../plan/planner';
import type {
  FieldKind,
  FieldValue,
  IndexDocument,
  IndexSchema,
  SearchIndex,
  SearchRequest,
  SearchResult,
} from '../port';
import { parseQuery } from '../query/parser';
import { type Bits, clearBit, countBits, setBit } from './bits';
import { execute, type IndexReader } from './execute';
import { NumberColumn } from './number-column';
import { type Matches, selectPage } from './page';
import { RecencyOrder } from './recency-order';
import { SlotSet } from './slot-set';
import { TermField } from './term-field';

/**
 * An index in memory. Documents have dense slots, used again after a delete; everything else is kept by slot. Putting a
 * document again costs what its changed fields cost. Documents are kept as given and must not change.
 * @throws TypeError from put for a field that the schema does not have or a number where there is none; nothing is changed then
 */
export function createIndex(schema: IndexSchema): SearchIndex {
  return new MemoryIndex(schema);
}

/** Searches whose matches are kept until the next change: whoever goes through pages asks the same again and again. */
const answersMax = 32;

interface Answer extends Matches {
  readonly unknownFields: readonly string[];
}

const everything: Plan = { root: { kind: 'all' }, unknownFields: [] };
const noFields: IndexDocument['fields'] = {};
const noTerms: readonly string[] = [];

class MemoryIndex implements SearchIndex, IndexReader {
  private readonly slots = new Map<string, number>();
  private readonly documents: (IndexDocument | undefined)[] = [];
  private readonly free: number[] = [];
  private readonly order = new RecencyOrder();
  private readonly accounts = new Groups();
  private readonly shards = new Groups();
  private readonly fields = new Map<string, TermField | NumberColumn>();
  private readonly answers = new Map<string, Answer>();
  private live: Bits = new Uint32Array(32);

  constructor(private readonly schema: IndexSchema) {}

  get size(): number {
    return this.slots.size;
  }

  put(document: IndexDocument): void {
    const known = this.slots.get(document.id);
    const before = known === undefined ? undefined : this.documents[known];
    const changed = this.changedFields(document, before?.fields ?? noFields);
    if (this.answers.size > 0) this.answers.clear();
    const slot = known ?? this.free.pop() ?? this.documents.length;
    this.documents[slot] = document;
    if (before?.sortKey !== document.sortKey) {
      if (before) this.order.remove(slot);
      this.order.add(slot, document.sortKey, document.id);
    }
    if (before?.accountId !== document.accountId) {
      if (before) this.accounts.leave(slot, before.accountId);
      this.accounts.join(slot, document.accountId);
    }
    if (before?.shard !== document.shard) {
      this.shards.leave(slot, before?.shard);
      this.shards.join(slot, document.shard);
    }
    if (!before) this.begin(slot, document.id);
    for (let i = 0; i < changed.length; i++) this.setField(slot, changed[i] ?? '', document.fields);
  }

  delete(id: string): void {
    const slot = this.slots.get(id);
    const document = slot === undefined ? undefined : this.documents[slot];
    if (slot === undefined || !document) return;
    this.answers.clear();
    for (const name of Object.keys(document.fields)) this.setField(slot, name, noFields);
    this.accounts.leave(slot, document.accountId);
    this.shards.leave(slot, document.shard);
    this.order.remove(slot);
    this.slots.delete(id);
    this.documents[slot] = undefined;
    this.free.push(slot);
    clearBit(this.live, slot);
  }

  search({ query, accounts, shards, page }: SearchRequest): SearchResult {
    const matches = this.match(query, accounts, shards);
    const start =
      'offset' in page
        ? { offset: page.offset }
        : page.cursor === undefined
          ? { offset: 0 }
          : decodeCursor(page.cursor);
    const { slots, hasPrevious, hasNext } = selectPage(matches, this.order, start, page.size);
    const hits = slots.map((slot) => this.hit(slot));
    return { hits, total: matches.total, unknownFields: matches.unknownFields, hasPrevious, hasNext };
  }

  count(query: string | undefined, accounts: readonly number[] | null, shards?: readonly number[]): number {
    return this.match(query, accounts, shards).total;
  }

  termField(name: string): TermField | undefined {
    const field = this.fields.get(name);
    return field instanceof TermField ? field : undefined;
  }

  column(name: string): NumberColumn | undefined {
    const field = this.fields.get(name);
    return field instanceof NumberColumn ? field : undefined;
  }

  wordsOf(slot: number, field: string): readonly string[] {
    return termsOf(this.documents[slot]?.fields[field], 'text');
  }

  private plan(query: string | undefined): Plan {
    return query === undefined ? everything : planQuery(parseQuery(query), this.schema);
  }

  private match(query: string | undefined, accounts: readonly number[] | null, shards?: readonly number[]): Answer {
    const scope = `${accounts === null ? '*' : accounts.join(' ')}${shards === undefined ? '' : `/${shards.join(' ')}`}`;
    const asked = `${scope}${query === undefined ? '' : `:${query}`}`;
    const known = this.answers.get(asked);
    if (known) return known;
    const { root, unknownFields } = this.plan(query);
    const bits = execute(root, this, this.scope(accounts, shards), new Budget(this.size));
    const answer = { bits, total: countBits(bits), unknownFields };
    if (this.answers.size >= answersMax) this.answers.clear();
    this.answers.set(asked, answer);
    return answer;
  }

  /** Documents of these accounts in these shards. */
  private scope(accounts: readonly number[] | null, shards: readonly number[] | undefined): Bits {
    const live = this.live.subarray(0, (this.documents.length + 31) >>> 5);
    const ofShards = shards === undefined ? live : this.shards.within(live, shards);
    return accounts === null ? ofShards : this.accounts.within(ofShards, accounts);
  }

  private hit(slot: number) {
    const document = this.documents[slot];
    if (!document) throw new Error('an empty slot was found');
    return { id: document.id, sortKey: document.sortKey };
  }

  /** Names of the fields that a put changes, adds or takes away. @throws TypeError as put */
  private changedFields({ sortKey, fields }: IndexDocument, before: IndexDocument['fields']): readonly string[] {
    if (!Number.isFinite(sortKey)) throw new TypeError('a sort key is a finite number');
    const changed: string[] = [];
    let kept = 0;
    for (const name of Object.keys(fields)) {
      const value = fields[name];
      const old = before[name];
      if (old !== undefined) kept++;
      if (isSame(old, value)) continue;
      const kind = this.fields.get(name)?.kind ?? fieldKind(this.schema, name);
      if (kind === undefined) throw new TypeError(`the index has no field ${name}`);
      if (isNumeric(kind) && !Number.isFinite(value)) throw new TypeError(`${name} takes a finite number`);
      changed.push(name);
    }
    const known = Object.keys(before);
    if (kept < known.length) for (const name of known) if (!(name in fields)) changed.push(name);
    return changed;
  }

  private begin(slot: number, id: string): void {
    this.slots.set(id, slot);
    if (slot >= this.live.length * 32) {
      const grown = new Uint32Array(2 * this.live.length);
      grown.set(this.live);
      this.live = grown;
    }
    setBit(this.live, slot);
  }

  private setField(slot: number, name: string, fields: IndexDocument['fields']): void {
    const field = this.fields.get(name) ?? this.newField(name);
    const value = fields[name];
    if (field instanceof NumberColumn) {
      field.set(slot, typeof value === 'number' ? value : undefined);
      return;
    }
    field.replace(slot, termsOf(value, field.kind));
    if (field.isEmpty) this.fields.delete(name);
  }

  private newField(name: string): TermField | NumberColumn {
    const kind = fieldKind(this.schema, name) ?? 'text';
    const field = isNumeric(kind) ? new NumberColumn(kind) : new TermField(kind);
    this.fields.set(name, field);
    return field;
  }
}

/** Slots by the number of what their documents belong to. */
class Groups {
  private readonly members = new Map<number, SlotSet>();

  join(slot: number, group: number | undefined): void {
    if (group === undefined) return;
    const members = this.members.get(group) ?? new SlotSet();
    members.add(slot);
    this.members.set(group, members);
  }

  leave(slot: number, group: number | undefined): void {
    if (group === undefined) return;
    const members = this.members.get(group);
    members?.remove(slot);
    if (members?.size === 0) this.members.delete(group);
  }

  /** Those of the scope that belong to any of these. */
  within(scope: Bits, groups: readonly number[]): Bits {
    const found = new Uint32Array(scope.length);
    for (const group of new Set(groups)) this.members.get(group)?.addTo(found, scope);
    return found;
  }
}

function isNumeric(kind: FieldKind): kind is 'integer' | 'date' {
  return kind === 'integer' || kind === 'date';
}

function termsOf(value: FieldValue | undefined, kind: 'keyword' | 'text'): readonly string[] {
  if (value === undefined) return noTerms;
  if (typeof value !== 'object') return kind === 'text' ? words(String(value)) : [normalize(String(value))];
  return kind === 'text' ? value.flatMap(words) : value.map(normalize);
}

function isSame(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  if (a === b) return true;
  return typeof a === 'object' && typeof b === 'object' && a.length === b.length && a.every((item, i) => item === b[i]);
}

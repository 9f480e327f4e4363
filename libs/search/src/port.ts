/** The index as its users see it. It knows documents and fields, not conversations. */

/**
 * keyword  whole values, compared without case
 * text     split at white space, lower-cased
 * integer  numbers; exact and range queries
 * date     epoch milliseconds; exact and range queries, also as ISO 8601 text
 */
export type FieldKind = 'keyword' | 'text' | 'integer' | 'date';

export interface IndexSchema {
  readonly fields: Readonly<Record<string, FieldKind>>;
  /** Any field that begins so is a text field, made when it first has a value: `metadata.`. */
  readonly dynamicPrefix: string;
  /** Field of terms that name none. */
  readonly defaultField: string;
}

export type FieldValue = string | number | readonly string[];

export interface IndexDocument {
  readonly id: string;
  /** Tenant: every search is confined to some. */
  readonly accountId: number;
  /** Which part of the whole it belongs to, where there are several: a search may be confined to some. */
  readonly shard?: number;
  /** Newest first is the order of all results; ties by id, ascending. */
  readonly sortKey: number;
  /** A field that is absent has no value: only negations and `*:*` find the document by it. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Opaque text made by the index: a keyset position, stable while documents come and go. */
export type Cursor = string;

export type Page =
  | { readonly size: number; readonly cursor?: Cursor }
  | { readonly size: number; readonly offset: number };

export interface SearchRequest {
  /** Lucene classic query syntax; undefined finds everything. */
  readonly query?: string;
  /** Tenants to look in; null for all. */
  readonly accounts: readonly number[] | null;
  /** Shards to look in; undefined for all. */
  readonly shards?: readonly number[];
  readonly page: Page;
}

/** One hit: what merging the results of several partitions needs. */
export interface Hit {
  readonly id: string;
  readonly sortKey: number;
}

export interface SearchResult {
  readonly hits: readonly Hit[];
  /** All matches of the query, exact. */
  readonly total: number;
  /** Fields that the query names and no document could have: unknown names match nothing. */
  readonly unknownFields: readonly string[];
  /** Whether matches lie before the first and after the last hit. */
  readonly hasPrevious: boolean;
  readonly hasNext: boolean;
}

export interface SearchIndex {
  /** Adds or replaces a document; it is found by the next search. */
  put(document: IndexDocument): void;
  delete(id: string): void;
  readonly size: number;
  /**
   * @throws QueryError QUERY_SYNTAX with the 0-based character, QUERY_VALUE where a field can't hold a value,
   * BAD_CURSOR for a cursor that this index did not make
   */
  search(request: SearchRequest): SearchResult;
  /** Matches only; as search, without a page. */
  count(query: string | undefined, accounts: readonly number[] | null, shards?: readonly number[]): number;
}

/** Direction and place of a keyset cursor. `next` goes on after (sortKey, id), `previous` ends before it. */
export interface CursorPosition {
  readonly direction: 'next' | 'previous';
  readonly sortKey: number;
  readonly id: string;
}

export class QueryError extends Error {
  readonly code: 'QUERY_SYNTAX' | 'QUERY_VALUE' | 'QUERY_TOO_COSTLY' | 'BAD_CURSOR';
  /** 0-based character of the query, where one is to blame. */
  readonly at: number | undefined;
  readonly field: string | undefined;

  constructor(code: QueryError['code'], message: string, where: { at?: number; field?: string } = {}) {
    super(message);
    this.name = 'QueryError';
    this.code = code;
    this.at = where.at;
    this.field = where.field;
  }
}

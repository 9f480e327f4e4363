export { decodeCursor, encodeCursor } from './cursor';
export { createIndex } from './index/memory-index';
export { limits } from './limits';
export {
  type Cursor,
  type CursorPosition,
  type FieldKind,
  type FieldValue,
  type Hit,
  type IndexDocument,
  type IndexSchema,
  type Page,
  QueryError,
  type SearchIndex,
  type SearchRequest,
  type SearchResult,
} from './port';
export type { BooleanNode, Clause, Occur, QueryNode, RangeBound, WildcardPart } from './query/ast';
export { parseQuery } from './query/parser';
export { printQuery } from './query/print';

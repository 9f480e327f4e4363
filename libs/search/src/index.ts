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

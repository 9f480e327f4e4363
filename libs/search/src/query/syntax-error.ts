import { QueryError } from '../port';

/** @param at  0-based character of the query */
export function syntaxError(at: number, found: string, expected: string): QueryError {
  return new QueryError('QUERY_SYNTAX', `query, character ${at}: found ${found}, expected ${expected}`, { at });
}

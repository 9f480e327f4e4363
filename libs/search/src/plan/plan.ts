import type { TermSet } from '../terms/term-set';

/** What an index does for a query: fields exist, values have their type, terms are as they are indexed. */
export type PlanNode =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** Documents with this term in a keyword or text field. */
  | { readonly kind: 'term'; readonly field: string; readonly term: string }
  /** Documents with any of these terms. */
  | { readonly kind: 'terms'; readonly field: string; readonly set: TermSet }
  /** Two words at least. Slop: by how many places they may be moved. */
  | { readonly kind: 'phrase'; readonly field: string; readonly words: readonly string[]; readonly slop: number }
  /** Documents with any value in the field. */
  | { readonly kind: 'exists'; readonly field: string }
  /** Integer or date field between these, both inclusive; infinite where open. */
  | { readonly kind: 'numbers'; readonly field: string; readonly min: number; readonly max: number }
  | { readonly kind: 'and'; readonly children: readonly PlanNode[] }
  | { readonly kind: 'or'; readonly children: readonly PlanNode[] }
  | { readonly kind: 'not'; readonly child: PlanNode };

export interface Plan {
  readonly root: PlanNode;
  /** Names in the query that are no field and can't become one, each once, in order. */
  readonly unknownFields: readonly string[];
}

import { mergePages, partRequest } from './merge';
import type { QueryAnswers, QueryRequests, ReadName } from './protocol';

/** How a question is asked of several aggregators that have different partitions. */
export interface ReadRule<N extends ReadName> {
  /** What each is asked. */
  split(request: QueryRequests[N]): QueryRequests[N];
  /** One answer of theirs to what `split` made of the request. */
  merge(request: QueryRequests[N], answers: readonly QueryAnswers[N][]): QueryAnswers[N];
  /** Whether a slow answer is worth asking another replica too. */
  readonly hedged: boolean;
}

const same = <T>(request: T): T => request;

/** Positions are not merged: each answer's were taken note of when it came. */
const positions: readonly never[] = [];

export const readRules: { readonly [N in ReadName]: ReadRule<N> } = {
  search: {
    split: partRequest,
    merge: (request, pages) => ({ ...mergePages(request, pages), positions }),
    hedged: true,
  },
  count: {
    split: same,
    merge: ({ queries }, answers) => ({
      totals: queries.map((_, at) => answers.reduce((sum, { totals }) => sum + (totals[at] ?? 0), 0)),
      positions,
    }),
    hedged: true,
  },
  message: {
    split: same,
    merge: (_, answers) => ({ location: answers.find(({ location }) => location)?.location ?? null, positions }),
    hedged: true,
  },
  // About one partition: never split.
  conversation: { split: same, merge: (_, answers) => onlyOf(answers), hedged: true },
  messages: { split: same, merge: (_, answers) => onlyOf(answers), hedged: true },
  stateHash: {
    split: same,
    merge: (_, answers) => ({ partitions: answers.flatMap(({ partitions }) => partitions), positions }),
    hedged: false,
  },
};

function onlyOf<T>(answers: readonly T[]): T {
  const [only] = answers;
  if (only === undefined || answers.length > 1) throw new Error('a question about one partition was split');
  return only;
}

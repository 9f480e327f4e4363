import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@parley/service-kit';
import { NoAnswer } from './connection';
import type { Assignment } from './cover';
import type { Floors } from './floors';
import { HedgeBudget, hedged, Latencies } from './hedging';
import type { Demands, QueryAnswers, QueryRequests, ReadName } from './protocol';
import { readRules } from './reads';
import type { Replica } from './replica';
import type { Team } from './team';

/** How long a question is asked anew while aggregators start again: slow answers, not errors. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 50;
/** How long an aggregator that is behind may take to get there, where another one could be asked and where none could. */
const BEHIND_MS = 20;
const BEHIND_ALONE_MS = 1_000;

/** Puts questions to the team: to those that can answer best, to others where these are slow or fail, and again. */
export class Asking {
  private readonly latencies = new Map<ReadName, Latencies>();
  private readonly budget = new HedgeBudget();
  private learnt: Promise<void> | undefined;

  constructor(
    private readonly team: Team,
    private readonly floors: Floors,
  ) {}

  /**
   * Answered for exactly these partitions, each from a state that is at least as new as all that was answered before.
   * @throws AppError UNAVAILABLE naming the partitions that nobody answered for; what an aggregator refuses
   */
  ask<N extends ReadName>(name: N, partitions: readonly number[], request: QueryRequests[N]): Promise<QueryAnswers[N]> {
    this.team.noteUse();
    this.budget.noteQuestion();
    return this.patiently(() => this.askOf(name, partitions, request, []));
  }

  /** All questions are reads: asking again is harmless. */
  async patiently<T>(question: () => T | Promise<T>): Promise<T> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.firstLearnt();
        return await question();
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        if (performance.now() + RETRY_MS > deadline) throw unavailable(error);
        await delay(RETRY_MS);
        await this.learn();
      }
    }
  }

  /** Looks who serves what. Calls at once share a look. @throws AppError  where they refuse to be asked */
  learn(): Promise<void> {
    const learnt = this.team.learn();
    this.learnt = learnt;
    learnt.catch(() => {
      this.learnt = undefined;
    });
    return learnt;
  }

  firstLearnt(): Promise<void> {
    return this.learnt ?? this.learn();
  }

  private async askOf<N extends ReadName>(
    name: N,
    partitions: readonly number[],
    request: QueryRequests[N],
    tried: readonly Replica[],
  ): Promise<QueryAnswers[N]> {
    const plan = this.team.plan(partitions, tried);
    const [only] = plan;
    if (only && plan.length === 1) return this.askOne(name, only, request, tried);
    const { split, merge } = readRules[name];
    const part = split(request);
    const answers = await Promise.allSettled(plan.map((assignment) => this.askOne(name, assignment, part, tried)));
    return merge(request, allOf(answers));
  }

  private askOne<N extends ReadName>(
    name: N,
    { server, partitions }: Assignment<Replica>,
    request: QueryRequests[N],
    tried: readonly Replica[],
  ): Promise<QueryAnswers[N]> {
    const others = [...tried, server];
    const isReplaceable = !this.team.isSingle && this.team.canReplace(others, partitions);
    const first = (controller?: AbortController) =>
      this.askReplica(name, { server, partitions }, request, { isReplaceable, controller });
    if (!isReplaceable) return first(this.team.isSingle ? undefined : new AbortController());
    const second = () => this.askOf(name, partitions, request, others);
    const askedAtMs = performance.now();
    return hedged({
      first,
      second,
      delayMs: this.latencyOf(name).delayMs,
      onSlow: () => {
        if (!readRules[name].hedged) return false;
        server.noteSlow(askedAtMs);
        return this.budget.take();
      },
    });
  }

  private async askReplica<N extends ReadName>(
    name: N,
    { server, partitions }: Assignment<Replica>,
    request: QueryRequests[N],
    how: { readonly isReplaceable: boolean; readonly controller: AbortController | undefined },
  ): Promise<QueryAnswers[N]> {
    const askedAtMs = performance.now();
    const demands: Demands = {
      partitions: this.floors.of(partitions),
      // Those that are out of touch are asked only where nobody is in touch.
      ...(!this.team.isSingle && { inTouch: partitions.every((of) => server.partition(of)?.inTouch) }),
      withinMs: how.isReplaceable ? BEHIND_MS : BEHIND_ALONE_MS,
    };
    const { controller } = how;
    try {
      const answer = await server.ask(name, { ...request, ...demands }, controller && { controller });
      this.floors.raise(answer.positions);
      server.learn(answer.positions);
      return answer;
    } catch (error) {
      if (error instanceof NoAnswer && !error.partitions)
        throw new NoAnswer(error.message, { partitions, cause: error });
      throw error;
    } finally {
      if (!this.team.isSingle) this.latencyOf(name).add(performance.now() - askedAtMs);
    }
  }

  private latencyOf(name: ReadName): Latencies {
    const known = this.latencies.get(name) ?? new Latencies();
    this.latencies.set(name, known);
    return known;
  }
}

/** What went wrong for any is told for all. */
function allOf<T>(answers: readonly PromiseSettledResult<T>[]): readonly T[] {
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason as unknown] : []));
  for (const failure of failures) if (!(failure instanceof NoAnswer)) throw failure;
  if (failures.length > 0) {
    const all = failures as readonly NoAnswer[];
    const partitions = all.flatMap((failure) => failure.partitions ?? []).sort((a, b) => a - b);
    throw new NoAnswer(all.map(({ message }) => message).join('; '), { partitions, cause: all[0] });
  }
  return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
}

function unavailable(cause: NoAnswer): AppError {
  const which = cause.partitions?.length ? `partition ${cause.partitions.join(', ')}` : 'the conversations';
  return new AppError('UNAVAILABLE', {
    message: `${which} can’t be read at the moment; try again`,
    retryAfterS: 1,
    cause,
  });
}

import { AppError } from '@parley/service-kit';
import { type Connection, NoAnswer } from './connection';
import type { PartitionOffset, PartitionPosition, QueryAnswers, QueryName, QueryRequests } from './protocol';

/** A probe that takes longer finds nobody alive, milliseconds. */
const PROBE_MS = 500;

/**
 * up       it answered last
 * suspect  a question waits longer than usual and nothing was heard since it was asked: it may be stopped
 * down     it can't be reached, or did not answer a probe
 */
export type Health = 'up' | 'suspect' | 'down';

/** One aggregator, and what was last known of it. */
export class Replica {
  private readonly known = new Map<number, PartitionPosition>();
  private readonly underWay = new Set<AbortController>();
  private currentHealth: Health = 'up';
  private isServing = false;
  private heardAtMs = Number.NEGATIVE_INFINITY;
  private probing: Promise<void> | undefined;
  /** Why it refuses to be asked at all: a wrong token, for one. */
  refusal: AppError | undefined;

  constructor(readonly connection: Connection) {}

  get health(): Health {
    return this.currentHealth;
  }

  /** Milliseconds since it said anything. */
  get silentMs(): number {
    return performance.now() - this.heardAtMs;
  }

  /** Whether it answers questions, as far as is known: it has caught up. */
  get serving(): boolean {
    return this.isServing;
  }

  /** What is known of a partition that it serves. */
  partition(partition: number): PartitionPosition | undefined {
    return this.known.get(partition);
  }

  /** Whether there is something that the next probe may find changed. */
  get isTroubled(): boolean {
    if (this.currentHealth !== 'up' || !this.isServing) return true;
    for (const { inTouch } of this.known.values()) if (!inTouch) return true;
    return false;
  }

  /** @param controller aborts the question; it is aborted where the aggregator is found dead meanwhile */
  async ask<N extends QueryName>(
    name: N,
    request: QueryRequests[N],
    { controller, timeoutMs }: { readonly controller?: AbortController; readonly timeoutMs?: number } = {},
  ): Promise<QueryAnswers[N]> {
    if (controller) this.underWay.add(controller);
    try {
      const answer = await this.connection.ask(name, request, {
        ...(controller && { signal: controller.signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      });
      this.heard();
      return answer;
    } catch (error) {
      if (!controller?.signal.aborted) this.failed(error);
      throw error;
    } finally {
      if (controller) this.underWay.delete(controller);
    }
  }

  /** It has applied everything before these. */
  learn(positions: readonly PartitionOffset[]): void {
    for (const [partition, applied] of positions) {
      const known = this.known.get(partition);
      if (known && known.applied < applied) this.known.set(partition, { ...known, applied });
    }
  }

  /** A question asked then is not answered yet. */
  noteSlow(askedAtMs: number): void {
    if (this.heardAtMs >= askedAtMs || this.currentHealth !== 'up') return;
    this.currentHealth = 'suspect';
    void this.probe();
  }

  /** Asks for its positions. Resolves when what is known has been brought up to date, also if it did not answer. */
  probe(): Promise<void> {
    this.probing ??= this.askPositions().finally(() => {
      this.probing = undefined;
    });
    return this.probing;
  }

  /** Gives up on what it was asked, so that others are asked in its place. */
  abandon(): void {
    for (const controller of this.underWay) controller.abort();
  }

  private async askPositions(): Promise<void> {
    try {
      const { positions, serving } = await this.connection.ask('positions', {}, { timeoutMs: PROBE_MS });
      this.heard();
      this.refusal = undefined;
      this.isServing = serving;
      this.known.clear();
      for (const position of positions) this.known.set(position.partition, position);
    } catch (error) {
      this.failed(error);
    }
  }

  private heard(): void {
    this.heardAtMs = performance.now();
    this.currentHealth = 'up';
  }

  private failed(error: unknown): void {
    if (!(error instanceof NoAnswer)) {
      this.heard();
      this.refusal = error instanceof AppError && error.status === 401 ? error : undefined;
      return;
    }
    if (!error.refusal) {
      this.currentHealth = 'down';
      return;
    }
    this.heard();
    const { reason, partitions } = error.refusal;
    if (reason === 'starting') this.isServing = false;
    for (const partition of partitions) {
      const known = this.known.get(partition);
      if (reason === 'not-served') this.known.delete(partition);
      else if (reason === 'out-of-touch' && known) this.known.set(partition, { ...known, inTouch: false });
    }
  }
}

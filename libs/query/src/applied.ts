import { setTimeout as delay } from 'node:timers/promises';
import type { Asking } from './asking';
import { NoAnswer } from './connection';
import type { Floors } from './floors';
import type { AtLeast } from './protocol';
import type { Replica } from './replica';
import type { Team } from './team';

/** How long the best replica has for itself before the others are asked as well, milliseconds. */
const HEAD_START_MS = 20;
/** How much later than asked for an answer may come before the aggregator is taken for dead, milliseconds. */
const GRACE_MS = 1_000;
const RETRY_MS = 50;

export interface AwaitParts {
  readonly team: Team;
  readonly floors: Floors;
  readonly asking: Asking;
}

/**
 * Waits until some replica has applied an event; what is read from then on is demanded to know of it. False where none
 * has within the time, or none could tell.
 */
export async function awaitApplied(
  { team, floors, asking }: AwaitParts,
  at: AtLeast,
  maxWaitMs: number,
): Promise<boolean> {
  team.noteUse();
  const deadline = performance.now() + maxWaitMs;
  for (;;) {
    // An answer was given from a state that knows it, and no answer goes back behind that.
    if (floors.at(at.partition) > at.offset) return true;
    const leftMs = Math.max(0, Math.floor(deadline - performance.now()));
    try {
      await asking.firstLearnt();
      const isApplied = await anyApplied(team.replicasOf(at.partition), at, leftMs);
      if (isApplied) floors.raise([[at.partition, at.offset + 1]]);
      return isApplied;
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
    if (performance.now() + RETRY_MS > deadline) return false;
    await delay(RETRY_MS);
    await asking.learn();
  }
}

/** Whether any has it: the first "yes" counts, or the "no" of all that could tell. @throws NoAnswer  nobody could */
function anyApplied(replicas: readonly Replica[], at: AtLeast, maxWaitMs: number): Promise<boolean> {
  const [first, ...others] = replicas;
  if (!first) return Promise.reject(new NoAnswer(`no aggregator serves partition ${at.partition}`));
  const controller = new AbortController();
  const ask = async (replica: Replica) => {
    const options = { controller, timeoutMs: maxWaitMs + GRACE_MS };
    const { applied } = await replica.ask('await', { ...at, maxWaitMs }, options);
    if (applied) replica.learn([[at.partition, at.offset + 1]]);
    return applied;
  };
  if (others.length === 0) return ask(first);

  return new Promise((resolve, reject) => {
    let waiting = replicas.length;
    let isTold = false;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      controller.abort();
      settle();
    };
    const watch = async (replica: Replica) => {
      let failure: unknown;
      try {
        if (await ask(replica)) return end(() => resolve(true));
        isTold = true;
      } catch (error) {
        failure = error;
      }
      waiting -= 1;
      if (waiting === 0) end(() => (isTold ? resolve(false) : reject(failure)));
    };
    let left = others;
    const askOthers = () => {
      const asked = controller.signal.aborted ? [] : left;
      left = [];
      for (const replica of asked) void watch(replica);
    };
    const timer = setTimeout(askOthers, HEAD_START_MS);
    void watch(first).then(askOthers);
  });
}

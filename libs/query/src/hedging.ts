import { NoAnswer } from './connection';

/** Bounds of the delay after which another replica is asked too, milliseconds. */
const DELAY_MS_MIN = 20;
const DELAY_MS_MAX = 200;
/** Answers that the delay is taken from. */
const SAMPLES = 128;
/** The delay is worked out anew after so many. */
const SAMPLES_BETWEEN = 16;

/** How long answers took lately. */
export class Latencies {
  private readonly samples: number[] = [];
  private next = 0;
  private sinceSorted = 0;
  private p95 = DELAY_MS_MAX;

  add(ms: number): void {
    this.samples[this.next] = ms;
    this.next = (this.next + 1) % SAMPLES;
    this.sinceSorted += 1;
    if (this.sinceSorted < SAMPLES_BETWEEN) return;
    this.sinceSorted = 0;
    const sorted = [...this.samples].sort((a, b) => a - b);
    this.p95 = sorted[Math.floor(sorted.length * 0.95)] ?? DELAY_MS_MAX;
  }

  /** An answer that takes longer is slow, milliseconds. */
  get delayMs(): number {
    return Math.min(DELAY_MS_MAX, Math.max(DELAY_MS_MIN, this.p95));
  }
}

/** Questions asked for each one that may be asked twice: where everything is slow, asking twice would make it slower. */
const QUESTIONS_PER_HEDGE = 10;
const HEDGES_SAVED_MAX = 10;

export class HedgeBudget {
  private saved = HEDGES_SAVED_MAX;

  noteQuestion(): void {
    this.saved = Math.min(HEDGES_SAVED_MAX, this.saved + 1 / QUESTIONS_PER_HEDGE);
  }

  /** Whether one more may be asked twice; counts it if so. */
  take(): boolean {
    if (this.saved < 1) return false;
    this.saved -= 1;
    return true;
  }
}

export interface Hedge<T> {
  /** Aborted when it has lost. */
  readonly first: (controller: AbortController) => Promise<T>;
  readonly second: () => Promise<T>;
  readonly delayMs: number;
  /** Called when the delay has passed without an answer; whether the second is asked beside the first then. */
  readonly onSlow: () => boolean;
}

/** The first good answer. The second is asked when the first is slow, and always where the first gives none. */
export function hedged<T>({ first, second, delayMs, onSlow }: Hedge<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const controller = new AbortController();
    let firstFailure: NoAnswer | undefined;
    let secondFailure: NoAnswer | undefined;
    let isSecondAsked = false;
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    const failed = () => {
      const [one, other] = [firstFailure, secondFailure];
      if (one && other) end(() => reject(NoAnswer.both(one, other)));
    };
    const askSecond = () => {
      if (isSecondAsked) return;
      isSecondAsked = true;
      second().then(
        (answer) => {
          controller.abort();
          end(() => resolve(answer));
        },
        (error: unknown) => {
          if (!(error instanceof NoAnswer)) return end(() => reject(error));
          secondFailure = error;
          failed();
        },
      );
    };
    const timer = setTimeout(() => {
      if (onSlow()) askSecond();
    }, delayMs);
    first(controller).then(
      (answer) => end(() => resolve(answer)),
      (error: unknown) => {
        if (!(error instanceof NoAnswer)) return end(() => reject(error));
        firstFailure = error;
        clearTimeout(timer);
        askSecond();
        failed();
      },
    );
  });
}

import { randomBytes } from 'node:crypto';
import { percentile } from './load';

export interface AppendSpec {
  readonly topic: string;
  /** Calls that wait at the same time; each caller makes the next one when its own has resolved. */
  readonly callers: number;
  readonly recordBytes: number;
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface AppendResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: number;
}

const KEYS = 1_000;

/** One record a call, by many callers at once. What was asked for before the end counts by when it resolved. */
export async function appendLoad(
  spec: AppendSpec,
  append: (key: string, value: Buffer) => Promise<unknown>,
): Promise<AppendResult> {
  const value = randomBytes(spec.recordBytes);
  const begin = performance.now() + spec.warmupMs;
  const end = begin + spec.durationMs;
  const latencies: number[] = [];
  let failed = 0;
  let turn = 0;
  const caller = async () => {
    for (let now = performance.now(); now < end; ) {
      const startedAt = now;
      const ok = await append(`k-${turn++ % KEYS}`, value).then(
        () => true,
        () => false,
      );
      now = performance.now();
      if (now < begin || now >= end) continue;
      if (ok) latencies.push(now - startedAt);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: spec.callers }, caller));
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / (spec.durationMs / 1000),
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
    failed,
  };
}

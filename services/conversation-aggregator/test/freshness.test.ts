import { IN_TOUCH_MS, STALL_MS } from '@parley/query';
import { Freshness } from '../src/partition/freshness';

describe('whether an aggregator is in touch', () => {
  let now: number;
  let stalls: number;
  let freshness: Freshness;

  beforeEach(() => {
    now = 0;
    stalls = 0;
    freshness = new Freshness(
      () => {
        stalls += 1;
      },
      () => now,
    );
  });

  /** Time goes by in a process that runs. */
  function pass(ms: number): void {
    for (const until = now + ms; now < until; ) {
      now = Math.min(until, now + STALL_MS / 5);
      freshness.beat();
    }
  }

  it('is not before it has looked, nor before it has applied what it saw', () => {
    expect(freshness.isInTouch(0)).toBe(false);
    freshness.looked(now, new Map([[0, 10]]));
    freshness.reached(0, 9);
    expect(freshness.isInTouch(0)).toBe(false);
    freshness.reached(0, 10);
    expect(freshness.isInTouch(0)).toBe(true);
    expect(freshness.isInTouch(1)).toBe(false);
  });

  it('is until the newest moment that it holds is too old', () => {
    freshness.looked(now, new Map([[0, 10]]));
    freshness.reached(0, 10);
    pass(IN_TOUCH_MS);
    expect(freshness.isInTouch(0)).toBe(true);
    pass(1);
    expect(freshness.isInTouch(0)).toBe(false);
  });

  it('counts from when a look began, not from when it was caught up with', () => {
    freshness.looked(now, new Map([[0, 10]]));
    pass(IN_TOUCH_MS + 1);
    freshness.reached(0, 10);
    expect(freshness.isInTouch(0)).toBe(false);
  });

  it('is while it goes on catching up with what it saw a little before', () => {
    for (let end = 10; end < 200; end += 10) {
      freshness.looked(now, new Map([[0, end]]));
      pass(IN_TOUCH_MS / 4);
      freshness.reached(0, end - 10);
      if (end > 30) expect(freshness.isInTouch(0)).toBe(true);
    }
  });

  it('is not once it has stood still, until it has looked again', () => {
    freshness.looked(now, new Map([[0, 10]]));
    freshness.reached(0, 10);
    freshness.looked(now, new Map([[0, 10]]));
    now += STALL_MS;
    // Nothing ran in between: this is the question that wakes it.
    expect(freshness.isInTouch(0)).toBe(false);
    expect(stalls).toBe(1);
    // A look that began before is as old as it looks.
    freshness.reached(0, 10);
    expect(freshness.isInTouch(0)).toBe(false);
    freshness.looked(now, new Map([[0, 12]]));
    freshness.reached(0, 11);
    expect(freshness.isInTouch(0)).toBe(false);
    freshness.reached(0, 12);
    expect(freshness.isInTouch(0)).toBe(true);
  });
});

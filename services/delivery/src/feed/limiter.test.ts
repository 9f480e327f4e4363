import { Limiter } from './limiter';

describe('limiter', () => {
  it('runs so many at once, the others in order, and survives failures', async () => {
    const limiter = new Limiter(2);
    const started: number[] = [];
    const ends: (() => void)[] = [];
    let running = 0;
    let most = 0;
    const results = [0, 1, 2, 3, 4].map((i) =>
      limiter.run(async () => {
        started.push(i);
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => ends.push(resolve));
        running -= 1;
        if (i === 1) throw new Error('broken');
        return i;
      }),
    );
    const settled = Promise.allSettled(results);
    for (let ended = 0; ended < 5; ended++) {
      while (!ends[ended]) await Promise.resolve();
      ends[ended]?.();
    }
    expect((await settled).map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect([started, most]).toEqual([[0, 1, 2, 3, 4], 2]);
  });
});

import { Backoff } from './backoff';

describe('restart back-off', () => {
  it('restarts at once the first time, then doubles to five seconds', () => {
    const backoff = new Backoff();
    expect(Array.from({ length: 8 }, () => backoff.after(10))).toEqual([0, 250, 500, 1000, 2000, 4000, 5000, 5000]);
  });

  it('forgets earlier crashes after a healthy minute', () => {
    const backoff = new Backoff();
    for (let i = 0; i < 5; i++) backoff.after(10);
    expect([backoff.after(60_000), backoff.after(10)]).toEqual([0, 250]);
  });
});

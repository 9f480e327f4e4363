import { SharedQuestions } from './shared-questions';

describe('equal questions', () => {
  /** A question whose answers are given by hand; counts how often it was put. */
  function byHand() {
    const open: { resolve: (answer: number) => void; reject: (error: Error) => void }[] = [];
    const question = () => new Promise<number>((resolve, reject) => open.push({ resolve, reject }));
    return { open, question };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('share the one that has not begun, never the one under way', async () => {
    const { open, question } = byHand();
    const shared = new SharedQuestions<number>();
    const first = shared.ask('a', question);
    const late = [shared.ask('a', question), shared.ask('a', question)];
    expect(open).toHaveLength(1);
    open[0]?.resolve(1);
    expect(await first).toBe(1);
    await settle();
    expect(open).toHaveLength(2);
    open[1]?.resolve(2);
    expect(await Promise.all(late)).toEqual([2, 2]);
    const anew = shared.ask('a', question);
    expect(open).toHaveLength(3);
    open[2]?.resolve(3);
    expect(await anew).toBe(3);
  });

  it('fail apart: one that fails does not fail those who came later', async () => {
    const { open, question } = byHand();
    const shared = new SharedQuestions<number>();
    const first = shared.ask('a', question);
    const second = shared.ask('a', question);
    open[0]?.reject(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    await settle();
    open[1]?.resolve(2);
    expect(await second).toBe(2);
  });

  it('are told apart by their key', () => {
    const { open, question } = byHand();
    const shared = new SharedQuestions<number>();
    void shared.ask('a', question);
    void shared.ask('b', question);
    expect(open).toHaveLength(2);
  });
});

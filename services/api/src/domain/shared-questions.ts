interface Lane<T> {
  readonly underWay: Promise<T>;
  /** Not begun yet: everybody who asks now may have its answer. */
  next: Promise<T> | undefined;
}

/**
 * Equal questions asked at once share an answer: while one is under way, all that come wait for the one after it. An
 * answer that had begun before a question was asked is never given to it, because it may lack what the asker has
 * just written. Many people look at the same inbox.
 */
export class SharedQuestions<T> {
  private readonly lanes = new Map<string, Lane<T>>();

  /** @param key the same for equal questions by callers who may see the same */
  ask(key: string, question: () => Promise<T>): Promise<T> {
    const lane = this.lanes.get(key);
    if (!lane) return this.begin(key, question);
    const begin = () => this.begin(key, question);
    lane.next ??= lane.underWay.then(begin, begin);
    return lane.next;
  }

  private begin(key: string, question: () => Promise<T>): Promise<T> {
    const lane: Lane<T> = { underWay: question(), next: undefined };
    this.lanes.set(key, lane);
    const leave = () => {
      if (lane.next === undefined) this.lanes.delete(key);
    };
    lane.underWay.then(leave, leave);
    return lane.underWay;
  }
}

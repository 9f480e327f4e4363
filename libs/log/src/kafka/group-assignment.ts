import type { Partitions, Subscription } from './group-protocol';

interface Member {
  readonly id: string;
  readonly topics: ReadonlySet<string>;
  readonly share: Map<string, number[]>;
  load: number;
}

/**
 * Shares the partitions out: each member gets as many as any other that subscribed to the same topics, give or take
 * one, and keeps what it holds as far as that allows.
 * @param members    subscriptions by member id
 * @param partitions number of partitions by topic; what is not named is not shared out
 * @returns shares by member id
 */
export function shareOut(
  members: ReadonlyMap<string, Subscription>,
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, Partitions> {
  const all: Member[] = [...members]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, { topics }]) => ({ id, topics: new Set(topics), share: new Map(), load: 0 }));
  const held = holders(members);
  const free: [topic: string, partition: number][] = [];
  for (const [topic, count] of [...partitions].sort(([a], [b]) => (a < b ? -1 : 1))) {
    for (let partition = 0; partition < count; partition++) {
      const holder = held.get(`${topic}/${partition}`);
      const keeper = all.find(({ id, topics }) => id === holder && topics.has(topic));
      if (keeper) give(keeper, topic, partition);
      else free.push([topic, partition]);
    }
  }
  for (const [topic, partition] of free) {
    const heir = least(all.filter((member) => member.topics.has(topic)));
    if (heir) give(heir, topic, partition);
  }
  level(all);
  return new Map(all.map(({ id, share }) => [id, share]));
}

/** Member id by `topic/partition`. Two may believe to hold the same, one of them wrongly: it goes to either. */
function holders(members: ReadonlyMap<string, Subscription>): ReadonlyMap<string, string> {
  const held = new Map<string, string>();
  for (const [id, { owned }] of members) {
    for (const [topic, numbers] of owned) for (const partition of numbers) held.set(`${topic}/${partition}`, id);
  }
  return held;
}

/** Moves partitions from who has more to who has fewer, until no move would make it more even. */
function level(members: readonly Member[]): void {
  for (let moved = true; moved; ) {
    moved = false;
    for (const giver of [...members].sort((a, b) => b.load - a.load)) {
      for (const [topic, numbers] of giver.share) {
        const taker = least(members.filter((member) => member.topics.has(topic)));
        const partition = numbers.at(-1);
        if (!taker || partition === undefined || taker.load + 1 >= giver.load) continue;
        numbers.pop();
        giver.load--;
        give(taker, topic, partition);
        moved = true;
      }
    }
  }
}

function least(members: readonly Member[]): Member | undefined {
  return members.reduce<Member | undefined>(
    (best, member) => (best && best.load <= member.load ? best : member),
    undefined,
  );
}

function give(member: Member, topic: string, partition: number): void {
  const numbers = member.share.get(topic);
  if (numbers) numbers.push(partition);
  else member.share.set(topic, [partition]);
  member.load++;
}

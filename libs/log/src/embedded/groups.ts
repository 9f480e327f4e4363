import { LogError } from '../errors';
import type { Offset } from '../port';
import { shareOut } from './assignment';
import type { Bell } from './bell';
import type { Database, Environment } from './environment';
import { isAlive, sessionKey } from './sessions';

/** Who takes part in a group and which member holds which partition. */
interface GroupState {
  members: Record<string, { readonly session: string; readonly topics: Readonly<Record<string, number>> }>;
  owners: Record<string, (string | null)[]>;
}

/** The partitions that a member holds. */
export type Owned = readonly { readonly topic: string; readonly partition: number }[];

type Commits = Record<string, (Offset | null)[]>;

const stateKey = (group: string) => Buffer.from(`g:${group}`);
const commitsKey = (group: string) => Buffer.from(`c:${group}`);

export interface Member {
  readonly id: string;
  readonly session: string;
  readonly topics: Readonly<Record<string, number>>;
  /** Whether the partition's batch is still being handled, so that it is not given away yet. */
  busy(topic: string, partition: number): boolean;
}

/** What all processes know of the groups: members, owners and committed offsets. */
export class GroupStore {
  constructor(
    readonly environment: Environment,
    readonly bell: Bell,
  ) {}

  /** What the member holds, and whether the group is as this member would have it. Nothing is written. */
  look(group: string, member: Member): { readonly settled: boolean; readonly owned: Owned } {
    const db = this.environment.read();
    const state = readGroup(db, group);
    const owned = ownedBy(state, member.id);
    return { settled: !settle(db, state, member), owned };
  }

  /**
   * Takes part in the group, drops the dead, gives away what is not this member's share and takes what is free of it.
   * @param decided is told within the transaction what the member holds from now on, and what it held before: only
   * what is in both was never another's meanwhile
   */
  async settle(
    group: string,
    member: Member,
    decided: (db: Database, owned: Owned, before: Owned) => void,
  ): Promise<void> {
    const changed = await this.environment.write((db) => {
      const state = readGroup(db, group);
      const before = ownedBy(state, member.id);
      const changes = settle(db, state, member);
      if (changes) writeJson(db, stateKey(group), state);
      decided(db, ownedBy(state, member.id), before);
      return changes;
    });
    if (changed) this.bell.ring();
  }

  async leave(group: string, member: string): Promise<void> {
    await this.environment.write((db) => {
      const state = readGroup(db, group);
      drop(state, member);
      writeJson(db, stateKey(group), state);
    });
    this.bell.ring();
  }

  /**
   * @param held is asked within the transaction: the member may have lost the partition and won it back since the call
   * @throws FENCED  the member does not hold the partition any more
   */
  async commit(
    group: string,
    member: string,
    at: { topic: string; partition: number; offset: Offset },
    held: () => boolean,
  ): Promise<void> {
    const fenced = await this.environment.write((db) => {
      if (!held() || readGroup(db, group).owners[at.topic]?.[at.partition] !== member) return true;
      writeCommit(db, group, at);
      return false;
    });
    if (fenced) throw fencedError(group, at);
  }

  committed(group: string): ReadonlyMap<string, ReadonlyMap<number, Offset>> {
    const byTopic = new Map<string, Map<number, Offset>>();
    for (const [topic, offsets] of Object.entries(readCommits(this.environment.read(), group))) {
      const known = offsets.flatMap((offset, partition) => (offset === null ? [] : [[partition, offset] as const]));
      byTopic.set(topic, new Map(known));
    }
    return byTopic;
  }

  /** @throws GROUP_ACTIVE */
  async reset(group: string, topic: string, offsets: ReadonlyMap<number, Offset>): Promise<void> {
    const member = await this.environment.write((db) => {
      const state = readGroup(db, group);
      dropDead(db, state);
      const [living] = Object.keys(state.members);
      if (living) return living;
      writeJson(db, stateKey(group), state);
      for (const [partition, offset] of offsets) writeCommit(db, group, { topic, partition, offset });
      return undefined;
    });
    if (member) throw new LogError('GROUP_ACTIVE', `group ${group} has members; end them first`, { group, member });
  }
}

export function fencedError(group: string, at: { topic: string; partition: number }): LogError {
  return new LogError('FENCED', `group ${group} holds ${at.topic}, partition ${at.partition} elsewhere by now`, {
    group,
    topic: at.topic,
    partition: at.partition,
  });
}

export function writeCommit(
  db: Database,
  group: string,
  { topic, partition, offset }: { topic: string; partition: number; offset: Offset },
): void {
  const commits = readCommits(db, group);
  const offsets = commits[topic] ?? [];
  while (offsets.length <= partition) offsets.push(null);
  offsets[partition] = offset;
  commits[topic] = offsets;
  writeJson(db, commitsKey(group), commits);
}

export function readCommits(db: Database, group: string): Commits {
  return readJson<Commits>(db, commitsKey(group)) ?? {};
}

function readGroup(db: Database, group: string): GroupState {
  return readJson<GroupState>(db, stateKey(group)) ?? { members: {}, owners: {} };
}

function ownedBy(state: GroupState, member: string): Owned {
  return Object.entries(state.owners).flatMap(([topic, owners]) =>
    owners.flatMap((owner, partition) => (owner === member ? [{ topic, partition }] : [])),
  );
}

/** Brings the state to what the member wants of it. @returns whether that changed anything */
function settle(db: Database, state: GroupState, member: Member): boolean {
  let changed = dropDead(db, state, member.session);
  if (!sameTopics(state.members[member.id]?.topics, member.topics)) {
    state.members[member.id] = { session: member.session, topics: member.topics };
    changed = true;
  }
  const shares = shareOut(new Map(Object.entries(state.members).map(([id, { topics }]) => [id, topics])));
  for (const [topic, share] of shares) {
    const owners = state.owners[topic] ?? [];
    state.owners[topic] = owners;
    for (const [partition, rightful] of share.entries()) {
      const owner = owners[partition] ?? null;
      let holder = owner;
      if (holder === member.id && rightful !== member.id && !member.busy(topic, partition)) holder = null;
      if (holder === null && rightful === member.id) holder = member.id;
      owners[partition] = holder;
      changed ||= holder !== owner;
    }
  }
  return changed;
}

function sameTopics(a: Readonly<Record<string, number>> | undefined, b: Readonly<Record<string, number>>): boolean {
  return a !== undefined && Object.keys(b).every((topic) => a[topic] === b[topic]);
}

function dropDead(db: Database, state: GroupState, own?: string): boolean {
  let changed = false;
  const nowMs = Date.now();
  for (const [id, { session }] of Object.entries(state.members)) {
    if (session === own || isAlive(db.get(sessionKey(session)), nowMs)) continue;
    drop(state, id);
    changed = true;
  }
  return changed;
}

function drop(state: GroupState, member: string): void {
  delete state.members[member];
  for (const owners of Object.values(state.owners)) {
    for (const [partition, owner] of owners.entries()) if (owner === member) owners[partition] = null;
  }
}

function readJson<T>(db: Database, key: Buffer): T | undefined {
  const bytes = db.get(key);
  return bytes && (JSON.parse(bytes.toString()) as T);
}

function writeJson(db: Database, key: Buffer, value: unknown): void {
  db.put(key, Buffer.from(JSON.stringify(value)));
}

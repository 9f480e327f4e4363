import type { Cluster } from './cluster';
import type { Connection } from './connection';
import { type BrokerError, unavailable } from './errors';
import { GroupMember } from './group-member';
import { encodeAssignment, topicsMark } from './group-protocol';
import type { JoinAnswer } from './group-requests';
import { Decoder } from './kafkajs';
import type { ApiRequest } from './request';

const FENCED_INSTANCE_ID = 82;
const ILLEGAL_GENERATION = 22;
const TOPICS = ['topic'];
const ALL_VERSIONS = Object.fromEntries(
  Array.from({ length: 60 }, (_, key) => [key, { minVersion: 0, maxVersion: 7 }]),
);

type Answer = (payload: Decoder) => unknown;

/** A coordinator that answers as a test says. */
class Coordinator {
  readonly asked: string[] = [];
  /** Generations that commits came from. */
  readonly committedAs: number[] = [];
  generation = 1;
  readonly answers: Record<string, Answer> = {
    JoinGroup: () => this.joined(),
    SyncGroup: () => this.synced(),
    Heartbeat: () => ({ errorCode: 0 }),
    LeaveGroup: () => ({ errorCode: 0 }),
    OffsetCommit: (payload) => {
      payload.readString();
      const generation = payload.readInt32();
      this.committedAs.push(generation);
      return generation === this.generation ? 0 : ILLEGAL_GENERATION;
    },
  };

  joined(): JoinAnswer {
    return { errorCode: 0, generationId: this.generation, leaderId: 'other', memberId: 'm', members: [] };
  }

  synced() {
    const partitions = new Map([['topic', [0]]]);
    return { errorCode: 0, memberAssignment: encodeAssignment({ partitions, topicsMark: topicsMark(TOPICS) }) };
  }

  get cluster(): Cluster {
    const connect = async () => {
      let close = () => {};
      const closed = new Promise<never>((_, reject) => {
        close = () => reject(unavailable('the connection was closed', undefined));
      });
      closed.catch(() => {});
      return {
        send: <T>(request: ApiRequest<T>) => Promise.race([this.send(request), closed]),
        alive: true,
        close,
      } as Connection;
    };
    return {
      prefix: '',
      signal: new AbortController().signal,
      coordinator: async () => 1,
      staleCoordinator: () => {},
      control: connect,
      dedicated: connect,
    } as Partial<Cluster> as Cluster;
  }

  private async send<T>(request: ApiRequest<T>): Promise<T> {
    const { buffer } = await request.exchange(ALL_VERSIONS).request.encode();
    this.asked.push(request.name);
    return (await this.answers[request.name]?.(new Decoder(buffer))) as T;
  }
}

describe('a member of a group', () => {
  let coordinator: Coordinator;
  let member: GroupMember;
  const lost: BrokerError[] = [];

  beforeEach(() => {
    lost.length = 0;
    coordinator = new Coordinator();
    member = new GroupMember({
      cluster: coordinator.cluster,
      group: 'g',
      instanceId: 'one',
      onTurn: () => {},
      onLost: (error) => lost.push(error),
    });
  });
  afterEach(() => member.stop());

  const join = () => member.join(TOPICS, new Map());
  const commit = () => member.commit([{ topic: 'topic', partition: 0, offset: 1 }]);

  it('that another process has replaced leaves without putting that one out', async () => {
    await join();
    coordinator.answers.Heartbeat = () => ({ errorCode: FENCED_INSTANCE_ID });
    await member.confirm();
    expect(lost).toHaveLength(1);
    member.stop();
    await member.leave();
    expect(coordinator.asked).not.toContain('LeaveGroup');
  });

  it('that ends while it joins for the first time leaves by its name', async () => {
    const { arrival } = held('JoinGroup');
    const joining = expect(join()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await arrival;
    member.stop();
    await joining;
    await member.leave();
    expect(coordinator.asked).toContain('LeaveGroup');
  });

  it('that was replaced is told so once, however many answers say it', async () => {
    await join();
    coordinator.answers.OffsetCommit = () => FENCED_INSTANCE_ID;
    const { arrival, answer } = held('JoinGroup');
    const joining = expect(join()).rejects.toMatchObject({ type: 'FENCED_INSTANCE_ID' });
    await arrival;
    await expect(commit()).rejects.toMatchObject({ type: 'FENCED_INSTANCE_ID' });
    answer({ ...coordinator.joined(), errorCode: FENCED_INSTANCE_ID });
    await joining;
    expect(lost).toHaveLength(1);
  });

  it('commits nothing under a generation whose partitions it does not know yet', async () => {
    await join();
    await commit();
    coordinator.generation = 2;
    const { arrival, answer } = held('SyncGroup');
    const joining = join();
    await arrival;
    await expect(commit()).rejects.toMatchObject({ type: 'ILLEGAL_GENERATION' });
    answer(coordinator.synced());
    await joining;
    await commit();
    expect(coordinator.committedAs).toEqual([1, 1, 2]);
    expect(lost).toEqual([]);
  });

  it('commits nothing as a stranger: a group without members would take it', async () => {
    await expect(commit()).rejects.toMatchObject({ type: 'UNKNOWN_MEMBER_ID' });
    expect(coordinator.asked).toEqual([]);
  });

  it('is not sure of its partitions after it was held up, until the broker has answered', async () => {
    await join();
    const { arrival, answer } = held('Heartbeat');
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 60_000);
    try {
      // The heartbeat that was due is the first thing to run.
      await arrival;
      let isSure = false;
      const sure = member.certain().then(() => {
        isSure = true;
      });
      await new Promise((resolve) => setImmediate(resolve));
      expect(isSure).toBe(false);
      answer({ errorCode: 0 });
      await sure;
    } finally {
      clock.mockRestore();
    }
  });

  /** Requests of that name wait for an answer from now on. */
  function held(name: string) {
    let answer = (_: unknown) => {};
    const arrival = new Promise<void>((arrived) => {
      coordinator.answers[name] = () => {
        arrived();
        return new Promise((resolve) => {
          answer = resolve;
        });
      };
    });
    return { arrival, answer: (value: unknown) => answer(value) };
  }
});

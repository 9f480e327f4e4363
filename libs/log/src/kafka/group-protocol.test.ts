import fc from 'fast-check';
import { AssignerProtocol } from 'kafkajs';
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  topicsMark,
} from './group-protocol';

const { MemberAssignment, MemberMetadata } = AssignerProtocol;

const anyPartitions = fc
  .dictionary(fc.string({ minLength: 1 }), fc.array(fc.nat()), { maxKeys: 4, noNullPrototype: true })
  .map((entries) => new Map(Object.entries(entries)));

describe('what members of a group tell each other', () => {
  it('comes as it was sent', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), anyPartitions, fc.string(), (topics, partitions, text) => {
        const subscription = { topics, owned: partitions, nonce: text };
        expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription);
        const assignment = { partitions, topicsMark: text };
        expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment);
      }),
    );
  });

  it("is read by Kafka's tools and other clients", () => {
    const subscription = encodeSubscription({ topics: ['a', 'b'], owned: new Map([['a', [0]]]), nonce: 'n' });
    expect(MemberMetadata.decode(subscription)).toMatchObject({ version: 1, topics: ['a', 'b'] });
    const assignment = encodeAssignment({ partitions: new Map([['a', [0, 2]]]), topicsMark: 'm' });
    expect(MemberAssignment.decode(assignment)).toMatchObject({ version: 0, assignment: { a: [0, 2] } });
  });

  it('may be of a member that tells less', () => {
    const metadata = MemberMetadata.encode({ version: 0, topics: ['a'], userData: Buffer.alloc(0) });
    expect(decodeSubscription(metadata)).toEqual({ topics: ['a'], owned: new Map(), nonce: '' });
    for (const nothing of [null, Buffer.alloc(0)]) {
      expect(decodeAssignment(nothing)).toEqual({ partitions: new Map(), topicsMark: '' });
    }
  });

  it('marks sets of topics: the order does not matter, the names do', () => {
    expect(topicsMark(['a', 'b'])).toBe(topicsMark(['b', 'a']));
    expect(topicsMark(['a,b'])).not.toBe(topicsMark(['a', 'b']));
  });
});

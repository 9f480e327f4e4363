import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConversationEvent } from '@parley/contracts';
import { RouterState } from './state';

const metadataEvent = (eventId: string): ConversationEvent => ({
  type: 'MessageMetadataChanged',
  value: {
    ...{ eventId, accountId: 1, conversationId: '', occurredAt: 1, actorKind: 'source', actorId: null, cause: 'c' },
    ...{ messageId: 'm1', set: { [eventId]: 'true' }, removed: [] },
  },
});
const place = { topic: 'source.shop.events', partition: 0, offset: 3 };

describe('what the router remembers', () => {
  let dir: string;
  const warned: unknown[] = [];
  const logger = { warn: (facts: unknown) => warned.push(facts) };
  const open = (log = 'this log') => RouterState.open({ dir, log, logger });

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'parley-router-'));
    warned.length = 0;
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('keeps every event of an item that waits, once, over a restart', async () => {
    const events = ['first', 'second'].map(metadataEvent);
    const first = open();
    for (let time = 0; time < 2; time++) {
      const draft = first.draft();
      draft.wait('m1', { ...place, index: 0 }, events);
      await first.commit(draft, []);
    }
    await first.close();
    const again = open();
    expect(again.draft().takeWaiting('m1')).toEqual(events);
    await again.close();
    expect(warned).toEqual([]);
  });

  it('is forgotten with another log, once and for all', async () => {
    const first = open();
    const draft = first.draft();
    draft.claim('m1', 'c1');
    draft.wait('m2', { ...place, index: 0 }, [metadataEvent('first')]);
    draft.park('key', place);
    await first.commit(draft, [{ ...place, next: 4 }]);
    await first.close();

    const isEmpty = (state: RouterState) => {
      expect(state.position(place.topic, place.partition)).toBe(0);
      expect(state.parkedFor('key')).toEqual([]);
      expect(state.draft().conversationOf('m1')).toBeUndefined();
      expect(state.draft().takeWaiting('m2')).toEqual([]);
    };
    const moved = open('another log');
    isEmpty(moved);
    await moved.close();
    expect(warned).toEqual([{ store: dir, before: 'this log', now: 'another log' }]);
    const back = open();
    isEmpty(back);
    await back.close();
    // There was nothing to lose any more.
    expect(warned).toHaveLength(1);
  });

  it.each([
    ['cut in half', (size: number) => Math.floor(size / 2)],
    ['empty', () => 0],
  ])('a file that is %s is removed, and begun anew', async (_, left) => {
    const whole = open();
    const draft = whole.draft();
    for (let offset = 0; offset < 2_000; offset++) draft.park('key', { ...place, offset });
    await whole.commit(draft, [{ ...place, next: 2_000 }]);
    await whole.close();
    const file = join(dir, 'data.mdb');
    truncateSync(file, left(statSync(file).size));

    const anew = open();
    expect(warned).toEqual([{ dir, code: 'DATA_DIR_TORN' }]);
    expect(anew.position(place.topic, place.partition)).toBe(0);
    expect(anew.parkedFor('key')).toEqual([]);
    await anew.close();
  });
});

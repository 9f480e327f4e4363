import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { topicSpec, topics } from '@parley/contracts';
import { createLogger, loadConfig, type OpenedLog, openLog } from '@parley/service-kit';
import { AnswerLog } from './answer-log';

const DAY_MS = 24 * 60 * 60 * 1000;
const logger = createLogger('test', 'silent');

describe('the log of answers', () => {
  let dir: string;
  let opened: OpenedLog;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'parley-answers-'));
    opened = await openLog(loadConfig({ DATA_DIR: dir, LOG_LEVEL: 'silent' }), logger);
    await opened.log.ensureTopics([topicSpec(topics.idempotentResponses, 1)]);
  });
  afterEach(async () => {
    await opened.close();
    rmSync(dir, { recursive: true });
  });

  it('goes on at an instance that was asked nothing until what it would read next had expired', async () => {
    const now = Date.now();
    const { log, registry } = opened;
    const [idle, busy] = [
      await AnswerLog.open({ log, registry, logger }, now),
      await AnswerLog.open({ log, registry, logger }, now),
    ];
    await busy.claim('old', 'a request', now);
    await busy.claim('older than a week, soon', 'a request', now);
    await log.maintain(now + 8 * DAY_MS);
    await busy.claim('new', 'another request', now + 8 * DAY_MS);

    await idle.sync();
    expect(idle.get('new', now + 8 * DAY_MS)?.fingerprint).toBe('another request');
    expect(idle.get('old', now + 8 * DAY_MS)).toBeUndefined();
    await idle.answer('new', 'another request', { status: 200, body: '' }, now + 8 * DAY_MS);
    await busy.sync();
    expect(busy.get('new', now + 8 * DAY_MS)?.answer).toEqual({ status: 200, body: '' });
    await idle.close();
    await busy.close();
  });
});

import { createRandom } from './payloads';
import { countMessages, countUnread, plan } from './plot';
import { score } from './score';
import { demoSources } from './sources';
import type { Stage } from './stage';

const now = Date.UTC(2024, 4, 1);
const planned = (messages: number, seed = 1) => plan({ messages, now, random: createRandom(seed) });
const channel = { id: 'id', sourceChannelId: 'channel' };
const stage: Stage = {
  ingestUrl: 'http://127.0.0.1:1',
  facebookAppSecret: 'secret',
  twilioAccountSid: 'AC1',
  twilioAuthToken: 'token',
  sourceToken: 'source-token',
  channels: {
    facebook: channel,
    instagram: channel,
    'twilio.sms': channel,
    'twilio.whatsapp': channel,
    shop: channel,
    chatplugin: channel,
  },
};

describe('the plot of the demo', () => {
  it.each([1, 7, 500, 5_000])('has exactly %i messages', (messages) => {
    expect(planned(messages).reduce((sum, { steps }) => sum + countMessages(steps), 0)).toBe(messages);
  });

  it('is the same for the same seed', () => {
    expect(planned(300, 5)).toEqual(planned(300, 5));
    expect(planned(300, 5)).not.toEqual(planned(300, 6));
  });

  it('plays every source, each contact once, within the last days', () => {
    const all = planned(2_000);
    expect(new Set(all.map(({ source }) => source))).toEqual(new Set(demoSources));
    expect(new Set(all.map(({ contactId }) => contactId)).size).toBe(all.length);
    const times = all.flatMap(({ steps }) => steps.map((step) => step.at));
    expect(Math.max(...times)).toBeLessThanOrEqual(now);
    expect(Math.min(...times)).toBeGreaterThan(now - 7 * 86_400_000);
  });

  it('begins each conversation with the contact, who leaves something unread', () => {
    for (const { steps } of planned(500)) {
      expect(steps[0]).toMatchObject({ kind: 'message', from: 'contact' });
      expect(countUnread(steps)).toBeGreaterThan(0);
      expect(steps.map((step) => step.at)).toEqual(steps.map((step) => step.at).sort((a, b) => a - b));
    }
  });

  it('is sent whole, some of it twice, what comes first first', () => {
    const cues = score(planned(2_000), stage, createRandom(2), 8);
    expect(cues.reduce((sum, cue) => sum + cue.messages, 0)).toBe(2_000);
    expect(cues.some((cue) => cue.messages === 0)).toBe(true);
    expect(cues.map((cue) => cue.at)).toEqual(cues.map((cue) => cue.at).sort((a, b) => a - b));
    expect(new Set(cues.map((cue) => cue.lane)).size).toBe(8);
  });
});

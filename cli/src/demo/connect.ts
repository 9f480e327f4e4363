import type { Api } from './api';
import { type JsonObject, textAt } from './call';
import { CUSTOM_SOURCE } from './sources';
import type { Stage, StageChannel } from './stage';

export type Secrets = Pick<Stage, 'ingestUrl' | 'facebookAppSecret' | 'twilioAccountSid' | 'twilioAuthToken'>;

/** Connects a channel of each source, as an operator would. */
export async function connectAll(api: Api, secrets: Secrets): Promise<Stage> {
  const source = await api.call('/sources.create', { source_id: CUSTOM_SOURCE, name: 'Web shop' });
  const sourceToken = textAt(source, 'token');
  const connect = async (path: string, body: object, token?: string) => channelOf(await api.call(path, body, token));
  return {
    ...secrets,
    sourceToken,
    channels: {
      chatplugin: await connect('/channels.chatplugin.connect', { name: 'Website' }),
      facebook: await connect('/channels.facebook.connect', { page_id: '105500000000001', page_token: 'demo' }),
      instagram: await connect('/channels.instagram.connect', {
        page_id: '105500000000001',
        page_token: 'demo',
        account_id: '178400000000001',
        name: '@parley.demo',
      }),
      'twilio.sms': await connect('/channels.twilio.sms.connect', { phone_number: '+49 30 1234567', name: 'SMS line' }),
      'twilio.whatsapp': await connect('/channels.twilio.whatsapp.connect', {
        phone_number: 'whatsapp:+49301234568',
        name: 'WhatsApp line',
      }),
      shop: await connect(
        '/sources.channels.create',
        { name: 'Shop orders', source_channel_id: 'orders' },
        sourceToken,
      ),
    },
  };
}

function channelOf(answer: JsonObject): StageChannel {
  return { id: textAt(answer, 'id'), sourceChannelId: textAt(answer, 'source_channel_id') };
}

import { ids } from '@parley/contracts';
import { CAUSE, channelOf, eventsIn, RECEIVED_AT, rawOf } from '../../test/fixtures';
import { mapTwilio } from './map';

const form =
  'ToCountry=DE&MessageSid=SM7f&SmsMessageSid=SM7f&SmsSid=SM7f&AccountSid=AC1&ApiVersion=2010-04-01&SmsStatus=received&NumSegments=1&NumMedia=1&MediaContentType0=image%2Fjpeg&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fm%2F1&From=whatsapp%3A%2B4915112345678&To=whatsapp%3A%2B491234567&ProfileName=Rosa&WaId=4915112345678&Body=Hi';
const whatsapp = channelOf('twilio.whatsapp', 'whatsapp:+491234567');
const sms = channelOf('twilio.sms', '+491234567');
const map = (body: string) => mapTwilio(rawOf('twilio', body), { cause: CAUSE });

describe('twilio', () => {
  it('a message is its form, from the number to our channel, and names the contact', () => {
    const items = map(form);
    expect(items).toMatchObject([
      { kind: 'channel', channel: { by: 'source', source: 'twilio.whatsapp', sourceChannelId: 'whatsapp:+491234567' } },
    ]);
    const conversationId = ids.conversationOfContact(whatsapp.id, 'whatsapp:+4915112345678');
    expect(eventsIn(items, whatsapp)).toMatchObject([
      {
        type: 'MessageReceived',
        value: {
          conversationId,
          messageId: ids.messageOfChannel(whatsapp.id, 'SM7f'),
          sourceMessageId: 'SM7f',
          senderId: 'whatsapp:+4915112345678',
          sourceContactId: 'whatsapp:+4915112345678',
          content: JSON.stringify(form),
          text: 'Hi',
          sentAt: RECEIVED_AT,
        },
      },
      { type: 'ConversationMetadataChanged', value: { conversationId, set: { 'contact.display_name': '"Rosa"' } } },
    ]);
  });

  it('a status callback climbs the delivery of the message sent from our number', () => {
    const items = map('MessageSid=SM9&MessageStatus=undelivered&ErrorCode=30003&From=%2B491234567&To=%2B4915112345678');
    expect(eventsIn(items, sms)).toMatchObject([
      {
        type: 'MessageDeliveryChanged',
        value: {
          conversationId: ids.conversationOfContact(sms.id, '+4915112345678'),
          messageId: ids.messageOfChannel(sms.id, 'SM9'),
          state: 'failed',
          error: 'Twilio error 30003',
        },
      },
    ]);
    expect(map('MessageSid=SM9&MessageStatus=queued&From=1&To=2')).toMatchObject([{ kind: 'ignored' }]);
    expect(map('MessageSid=SM9&SmsStatus=constructor&From=1&To=2')).toMatchObject([{ kind: 'ignored' }]);
  });

  it('a body that is no such form is a fault', () => {
    expect(map('{"From":"x"}')).toMatchObject([{ kind: 'fault', reason: 'BAD_BODY' }]);
  });
});

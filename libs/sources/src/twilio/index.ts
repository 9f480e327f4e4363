import type { SourceAdapter } from '../port';
import { connectSms, connectWhatsapp } from './connect';
import { mapTwilio } from './map';
import { twilioWebhook } from './webhook';

/** SMS and WhatsApp over Twilio: one account, one endpoint. */
export const twilio: SourceAdapter = {
  name: 'twilio',
  sources: ['twilio.sms', 'twilio.whatsapp'],
  webhook: twilioWebhook,
  map: mapTwilio,
  connect: { 'twilio.sms': connectSms, 'twilio.whatsapp': connectWhatsapp },
  explore: null,
  profile: null,
};

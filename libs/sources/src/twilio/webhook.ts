import type { ProviderWebhook } from '../port';
import { verifyTwilio } from '../signature';

export const twilioWebhook: ProviderWebhook = {
  path: '/twilio',

  enabled: ({ twilio }) => twilio.authToken !== null,

  verify({ headers, publicUrl, body }, { twilio }) {
    if (twilio.authToken === null) return 'invalid';
    const form = new URLSearchParams(body.toString('utf8'));
    return verifyTwilio(headers['x-twilio-signature'], { publicUrl, form, secret: twilio.authToken });
  },

  // The pair of numbers whoever of them sends: what becomes of a message comes after the message.
  orderingKey(body) {
    const form = new URLSearchParams(body.toString('utf8'));
    const numbers = [form.get('From') ?? '', form.get('To') ?? ''].sort();
    return numbers.join('') === '' ? null : numbers.join(' ');
  },
};

import { idText, isObject, parseJson } from '../json';
import type { ProviderWebhook } from '../port';
import { sameText, verifyHub } from '../signature';

export const facebookWebhook: ProviderWebhook = {
  path: '/facebook',

  enabled: ({ facebook }) => facebook.appSecret !== null,

  verify({ headers, body }, { facebook }) {
    return facebook.appSecret === null ? 'invalid' : verifyHub(headers, body, facebook.appSecret);
  },

  // Meta collects updates of one page in a request; what one request holds is mapped in its own order.
  orderingKey(body) {
    const request = parseJson(body);
    const entries = isObject(request) && Array.isArray(request.entry) ? request.entry : [];
    const first: unknown = entries[0];
    return isObject(first) ? (idText(first.id) ?? null) : null;
  },

  challenge(query, { facebook }) {
    const given = query.get('hub.verify_token');
    const known = facebook.webhookSecret !== null && given !== null && sameText(given, facebook.webhookSecret);
    return known ? query.get('hub.challenge') : null;
  },
};

import { AppError, type Authenticator, type Route, sourceKey } from '@parley/service-kit';
import { parseSourceWebhook } from '@parley/sources';
import type { RawWriter } from '../raw-writer';

/** `sources.webhook`: what a custom source pushes. All of a call is good, or nothing of it is kept. */
export function sourceWebhookRoute(auth: Authenticator, raw: RawWriter): Route {
  return {
    method: 'POST',
    path: '/sources.webhook',
    auth,
    handle: async (call) => {
      const { principal, body } = call;
      if (principal.kind !== 'source') throw new AppError('FORBIDDEN', { message: 'a source’s own token is needed' });
      const parsed = parseSourceWebhook(body);
      if (!parsed.ok) {
        const { faults } = parsed;
        const [{ field, message } = { field: 'body', message: 'is not good' }] = faults;
        throw new AppError('INVALID_REQUEST', { message: `${field} ${message}`, field, errors: faults });
      }
      const { accountId, source } = principal;
      await raw.append(source, { key: sourceKey(accountId, source), accountId, call });
      return { status: 200 };
    },
  };
}

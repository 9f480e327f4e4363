import type { Call } from '@parley/service-kit';

function firstOf(header: string | undefined): string | undefined {
  return header?.split(',')[0]?.trim() || undefined;
}

/**
 * The URL that the caller used, with its query. A proxy in between tells by X-Forwarded-Proto and -Host what it was
 * called by; a forged one spoils the signature that is over this URL, and nothing else.
 * @param configured origin, and path prefix where there is one; null takes it from the request
 */
export function publicUrlOf(call: Call, configured: string | null): string {
  if (configured !== null) return configured + call.url;
  const proto = firstOf(call.header('x-forwarded-proto')) ?? (call.encrypted ? 'https' : 'http');
  const host = firstOf(call.header('x-forwarded-host')) ?? call.header('host') ?? '';
  return `${proto}://${host}${call.url}`;
}

import type { Static, TObject } from '@sinclair/typebox';
import type { ConnectChannel, ConnectedChannel, Provider, ProviderFault } from './port';

/** Ties a handler to the schema that its request has passed. */
export function typedConnect<S extends TObject>(
  request: S,
  connect: (request: Static<S>, provider: Provider) => Promise<ConnectedChannel | ProviderFault>,
): ConnectChannel {
  // The caller has checked the request against this very schema: see ConnectChannel.connect.
  return { request, connect: (checked, provider) => connect(checked as Static<S>, provider) };
}

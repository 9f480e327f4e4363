import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Whom the stand-in knows, by the contact's id. */
export type KnownContacts = ReadonlyMap<string, { readonly firstName: string; readonly lastName: string }>;

export interface StandIn {
  /** Base URL of its Graph API. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Plays Meta's Graph API for connecting pages and asking who contacts are, so that the demo needs no account there.
 * Every token is good; whom it does not know it refuses as Meta does.
 */
export async function startStandIn(contacts: () => KnownContacts): Promise<StandIn> {
  const server = createServer((request, response) => answer(request, response, contacts()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this kind.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(request: IncomingMessage, response: ServerResponse, contacts: KnownContacts): void {
  request.resume();
  const url = new URL(request.url ?? '/', 'http://stand-in');
  const [status, body] = graph(url, contacts);
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function graph(url: URL, contacts: KnownContacts): [status: number, body: object] {
  const path = url.pathname.replace(/^\/v\d+\.\d+/, '');
  if (path === '/oauth/access_token') return [200, { access_token: 'demo-page-token', token_type: 'bearer' }];
  if (path === '/me/subscribed_apps') return [200, { success: true }];
  if (path === '/me/conversations') return [200, { data: [] }];
  const id = path.slice(1);
  const fields = (url.searchParams.get('fields') ?? '').split(',');
  if (fields.includes('name_with_location_descriptor')) return [200, page(id)];
  const known = contacts.get(id);
  if (!known) {
    return [
      400,
      {
        error: {
          message: `Unsupported get request. Object with ID '${id}' does not exist`,
          type: 'GraphMethodException',
          code: 100,
        },
      },
    ];
  }
  const { firstName, lastName } = known;
  const all: Readonly<Record<string, string>> = {
    first_name: firstName,
    last_name: lastName,
    name: `${firstName} ${lastName}`,
    profile_pic: `https://cdn.example.org/profiles/${id}.jpg`,
  };
  return [
    200,
    { id, ...Object.fromEntries(fields.filter((field) => field in all).map((field) => [field, all[field]])) },
  ];
}

function page(id: string): object {
  return {
    id,
    name_with_location_descriptor: 'Parley Demo Shop',
    access_token: 'demo-page-token',
    picture: { data: { url: `https://cdn.example.org/pages/${id}.png`, is_silhouette: false } },
    is_webhooks_subscribed: false,
  };
}

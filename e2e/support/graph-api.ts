/** A stand-in for Meta's Graph API: a real HTTP server with the calls that connecting and profiles make. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export interface GraphApi {
  readonly url: string;
  /** Paths that were asked for, without the version, query strings included. */
  readonly asked: readonly string[];
  /** From now on everything is refused as Meta refuses a bad token; false ends that. */
  refuse(on: boolean): void;
  close(): Promise<void>;
}

export function firstNameOf(contactId: string): string {
  return `First${contactId}`;
}

function answerTo(path: string, query: URLSearchParams): object | undefined {
  if (path === '/oauth/access_token')
    return { access_token: `exchanged-${query.get('fb_exchange_token')}`, token_type: 'bearer' };
  if (path === '/me/subscribed_apps') return { success: true };
  if (path === '/me/conversations') return { data: [] };
  if (path === '/me/accounts') return { data: [] };
  const id = path.slice(1);
  if (id.includes('/')) return undefined;
  if (query.get('fields')?.includes('name_with_location_descriptor')) {
    return {
      id,
      name_with_location_descriptor: `Page ${id}`,
      access_token: `page-token-${id}`,
      picture: { data: { url: `https://cdn.example.org/${id}.png` } },
      is_webhooks_subscribed: false,
    };
  }
  const picture = `https://cdn.example.org/contact-${id}.png`;
  return { id, name: `${firstNameOf(id)} Last`, first_name: firstNameOf(id), last_name: 'Last', profile_pic: picture };
}

export async function startGraphApi(): Promise<GraphApi> {
  const asked: string[] = [];
  let refusing = false;
  const reply = (response: ServerResponse, status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  const server = createServer((request: IncomingMessage, response) => {
    request.resume();
    const url = new URL(request.url ?? '/', 'http://graph');
    const path = url.pathname.replace(/^\/v\d+(\.\d+)?/, '');
    asked.push(`${path}${url.search}`);
    if (refusing)
      return reply(response, 400, {
        error: { message: 'Invalid OAuth access token.', type: 'OAuthException', code: 190 },
      });
    const body = answerTo(path, url.searchParams);
    return body === undefined
      ? reply(response, 404, { error: { message: 'Unknown path' } })
      : reply(response, 200, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    asked,
    refuse: (on) => {
      refusing = on;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

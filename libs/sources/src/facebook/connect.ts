import { type Static, Type } from '@sinclair/typebox';
import { isObject, textOrNull } from '../json';
import type {
  ConnectChannel,
  ConnectedChannel,
  ExploreChannels,
  ExploredChannel,
  Provider,
  ProviderFault,
} from '../port';
import { typedConnect } from '../typed-connect';
import { graph, graphLink } from './graph';

const FIELDS = 'id,name_with_location_descriptor,access_token,picture,is_webhooks_subscribed';

/** What Meta is asked to tell us of a page. Source: Meta, "Messenger Platform: webhooks". */
const SUBSCRIBED_FIELDS = [
  'messages',
  'messaging_postbacks',
  'messaging_optins',
  'message_deliveries',
  'message_reads',
  'messaging_payments',
  'messaging_pre_checkouts',
  'messaging_checkout_updates',
  'messaging_account_linking',
  'messaging_referrals',
  'message_echoes',
  'messaging_game_plays',
  'standby',
  'messaging_handovers',
  'messaging_policy_enforcement',
  'message_reactions',
  'inbox_labels',
].join(',');

/** Pages of pages that exploring follows, so that a provider gone wrong can't keep us busy. */
const EXPLORED_PAGES_MAX = 50;

const pageFields = {
  page_id: Type.String({ minLength: 1 }),
  page_token: Type.String({ minLength: 1 }),
  name: Type.Optional(Type.Union([Type.String({ minLength: 1 }), Type.Null()])),
  image_url: Type.Optional(Type.Union([Type.String(), Type.Null()])),
} as const;

const facebookRequest = Type.Object(pageFields);
const instagramRequest = Type.Object({ ...pageFields, account_id: Type.String({ minLength: 1 }) });

interface Page {
  readonly ok: true;
  readonly name: string;
  readonly imageUrl: string | null;
  readonly token: string;
}

/** Makes the page ours: a lasting token, the page's own name and picture, and its webhooks. */
async function openPage(request: Static<typeof facebookRequest>, provider: Provider): Promise<Page | ProviderFault> {
  const { appId, appSecret } = provider.settings.facebook;
  if (appId === null || appSecret === null) {
    return { ok: false, code: 'SOURCE_OFF', message: 'FACEBOOK_APP_ID and FACEBOOK_APP_SECRET are not set' };
  }
  const exchanged = await graph(provider, {
    path: '/oauth/access_token',
    query: {
      grant_type: 'fb_exchange_token',
      client_id: appId,
      client_secret: appSecret,
      fb_exchange_token: request.page_token,
    },
  });
  if (!exchanged.ok) return exchanged;
  const token = textOrNull(exchanged.body.access_token);
  if (token === null) return { ok: false, code: 'PROVIDER_UNAVAILABLE', message: 'Facebook gave no token' };

  const page = await graph(provider, {
    path: `/${encodeURIComponent(request.page_id)}`,
    query: { fields: FIELDS, access_token: token },
  });
  if (!page.ok) return page;

  const subscribed = await graph(provider, {
    method: 'POST',
    path: '/me/subscribed_apps',
    query: { access_token: textOrNull(page.body.access_token) ?? token, subscribed_fields: SUBSCRIBED_FIELDS },
  });
  if (!subscribed.ok) return subscribed;
  return {
    ok: true,
    name: textOrNull(page.body.name_with_location_descriptor) ?? request.page_id,
    imageUrl: pictureOf(page.body.picture),
    token,
  };
}

function pictureOf(picture: unknown): string | null {
  return isObject(picture) && isObject(picture.data) ? textOrNull(picture.data.url) : null;
}

function connected(sourceChannelId: string, name: string, imageUrl: string | null, token: string): ConnectedChannel {
  return {
    ok: true,
    sourceChannelId,
    metadata: { name: JSON.stringify(name), ...(imageUrl === null ? {} : { image_url: JSON.stringify(imageUrl) }) },
    token,
  };
}

/** `channels.facebook.connect`: page_id*, page_token*, name, image_url (default: the page's). */
export const connectFacebook: ConnectChannel = typedConnect(facebookRequest, async (request, provider) => {
  const page = await openPage(request, provider);
  if (!page.ok) return page;
  return connected(request.page_id, request.name ?? page.name, request.image_url ?? page.imageUrl, page.token);
});

/** `channels.instagram.connect`: as for the page, and account_id*, which is the channel. */
export const connectInstagram: ConnectChannel = typedConnect(instagramRequest, async (request, provider) => {
  const page = await openPage(request, provider);
  if (!page.ok) return page;
  const name = request.name ?? `${page.name} Instagram account`;
  return connected(request.account_id, name, request.image_url ?? null, page.token);
});

/** `channels.facebook.explore`: pages of the token's user. */
export const explorePages: ExploreChannels = async (token, provider) => {
  const channels: ExploredChannel[] = [];
  let answer = await graph(provider, { path: '/me/accounts', query: { fields: FIELDS, access_token: token } });
  for (let page = 0; page < EXPLORED_PAGES_MAX; page++) {
    if (!answer.ok) return answer;
    const { data, paging } = answer.body;
    for (const row of Array.isArray(data) ? data : []) {
      const id = isObject(row) ? textOrNull(row.id) : null;
      if (!isObject(row) || id === null) continue;
      const name = textOrNull(row.name_with_location_descriptor) ?? id;
      channels.push({ sourceChannelId: id, name, imageUrl: pictureOf(row.picture) });
    }
    const next = isObject(paging) ? textOrNull(paging.next) : null;
    if (next === null) break;
    answer = await graphLink(provider, next);
  }
  return { ok: true, channels };
};

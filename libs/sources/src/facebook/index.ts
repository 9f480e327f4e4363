import type { SourceAdapter } from '../port';
import { connectFacebook, connectInstagram, explorePages } from './connect';
import { mapFacebook } from './map';
import { fetchFacebookProfile } from './profile';
import { facebookWebhook } from './webhook';

/** Messenger and Instagram: one app, one endpoint, the same shape of webhook. */
export const facebook: SourceAdapter = {
  name: 'facebook',
  sources: ['facebook', 'instagram'],
  webhook: facebookWebhook,
  map: mapFacebook,
  connect: { facebook: connectFacebook, instagram: connectInstagram },
  explore: explorePages,
  profile: fetchFacebookProfile,
};

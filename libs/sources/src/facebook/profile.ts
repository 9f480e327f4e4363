import { isObject, textOrNull, type UnknownObject } from '../json';
import type { ContactProfile, FetchProfile } from '../port';
import { graph } from './graph';

function profileOf(names: readonly (string | null)[], avatarUrl: string | null): ContactProfile | null {
  const displayName = names.filter((name) => name).join(' ') || null;
  return displayName === null && avatarUrl === null ? null : { displayName, avatarUrl };
}

/** Name of the participant who is the contact, of the conversation that the page has with them. */
function participantName(body: UnknownObject, contactId: string): string | null {
  const conversations: readonly unknown[] = Array.isArray(body.data) ? body.data : [];
  for (const conversation of conversations) {
    const participants =
      isObject(conversation) && isObject(conversation.participants) ? conversation.participants.data : undefined;
    for (const participant of Array.isArray(participants) ? participants : []) {
      if (isObject(participant) && participant.id === contactId) return textOrNull(participant.name);
    }
  }
  return null;
}

/** Messenger names a contact by profile, or as participant where the profile is closed to us; Instagram by profile. */
export const fetchFacebookProfile: FetchProfile = async (contactId, channel, provider) => {
  if (channel.token === null) return { ok: true, profile: null };
  const access = { access_token: channel.token };
  const instagram = channel.source === 'instagram';
  const answer = await graph(provider, {
    path: `/${encodeURIComponent(contactId)}`,
    query: { fields: instagram ? 'name,profile_pic' : 'first_name,last_name,profile_pic', ...access },
  });
  if (answer.ok) {
    const { name, first_name, last_name, profile_pic } = answer.body;
    const profile = profileOf(
      instagram ? [textOrNull(name)] : [textOrNull(first_name), textOrNull(last_name)],
      textOrNull(profile_pic),
    );
    if (profile || instagram) return { ok: true, profile };
  }
  if (!answer.ok && (instagram || answer.code !== 'PROVIDER_REFUSED')) return answer;
  const conversations = await graph(provider, {
    path: '/me/conversations',
    query: { user_id: contactId, fields: 'participants', ...access },
  });
  if (!conversations.ok) return conversations;
  return { ok: true, profile: profileOf([participantName(conversations.body, contactId)], null) };
};

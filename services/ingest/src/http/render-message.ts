import type { MessageView } from '@parley/conversations';

/** A message as visitors see it: the shape of the newest API generation. */
export function renderMessage(view: MessageView) {
  const state = view.deliveryState.toUpperCase();
  return {
    id: view.id,
    content: view.content,
    delivery_state: state,
    state,
    from_contact: view.fromContact,
    sent_at: new Date(view.sentAt).toISOString(),
    source: view.source,
    metadata: view.metadata,
    sender: { id: view.sender.id, name: view.sender.name, avatar_url: view.sender.avatarUrl },
  };
}

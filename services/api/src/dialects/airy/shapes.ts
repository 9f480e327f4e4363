import { Type } from '@sinclair/typebox';
import { tagColors } from '../../domain/tags';
import { Nullable, OneOf } from '../../http/schema';

/** What the endpoints answer. Described for the API document, and held against the answers by the tests. */

const Id = Type.String({ format: 'uuid' });
const Time = Type.String({
  pattern: '^\\d{4,6}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  description: 'UTC, with milliseconds',
});
const Metadata = (description: string) => Type.Object({}, { additionalProperties: true, description });

const Sender = Type.Object({
  id: Type.String({ description: 'the contact’s id at the source, or who sent it from here' }),
  name: Nullable(Type.String()),
  avatar_url: Nullable(Type.String()),
});

const deliveryStates = ['PENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED'] as const;

export const MessageShape = Type.Object({
  id: Id,
  content: Type.Unknown({ description: 'the source’s payload as it came' }),
  state: OneOf(deliveryStates, 'the same as delivery_state'),
  delivery_state: OneOf(deliveryStates, 'how far it came'),
  from_contact: Type.Boolean(),
  sent_at: Time,
  source: Type.String(),
  metadata: Metadata('of the message'),
  sender: Sender,
});

export const ChannelShape = Type.Object({
  id: Id,
  source: Type.String(),
  source_channel_id: Nullable(Type.String()),
  connected: Type.Boolean(),
  metadata: Type.Object(
    { name: Type.Unknown({ description: 'a text, unless a source wrote something else' }) },
    { additionalProperties: true },
  ),
});

export const SourceChannelShape = Type.Composite([ChannelShape, Type.Object({ source_id: Type.String() })]);

export const ConversationShape = Type.Object({
  id: Id,
  created_at: Time,
  channel: ChannelShape,
  metadata: Metadata('contact, unread_count, tags and state while set, user_data and whatever the source wrote'),
  last_message: MessageShape,
});

export const PaginationShape = Type.Object({
  previous_cursor: Nullable(Type.String()),
  next_cursor: Nullable(Type.String({ description: 'null on the last page' })),
  total: Type.Integer({ description: 'matches of the filter' }),
});

export const TagShape = Type.Object({ id: Id, name: Type.String(), color: OneOf(tagColors, 'colour') });

export const SourceShape = Type.Object({
  source_id: Type.String(),
  name: Nullable(Type.String()),
  image_url: Nullable(Type.String()),
  action_endpoint: Nullable(Type.String()),
});

export const NewSourceShape = Type.Composite([
  SourceShape,
  Type.Object({ token: Nullable(Type.String({ description: 'what the source calls with; shown here alone' })) }),
]);

/** Named parts of the API document. */
export const shapes = {
  Message: MessageShape,
  Channel: ChannelShape,
  Conversation: ConversationShape,
  Pagination: PaginationShape,
  Tag: TagShape,
  Source: SourceShape,
} as const;

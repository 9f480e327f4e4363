import type { FlatMetadata, JsonObject } from '@parley/conversations';
import { Type } from '@sinclair/typebox';
import type { Command } from '../../domain/command';
import type { Domain } from '../../domain/domain';
import { userData } from '../../domain/metadata';
import { type Answer, type Endpoint, write } from '../../http/endpoint';
import { OneOf, Text, Uuid } from '../../http/schema';

const subjects = ['conversation', 'message', 'channel'] as const;

const UpsertRequest = Type.Object({
  subject: OneOf(subjects, 'what the id names'),
  id: Uuid('of the subject'),
  // Any object; what is in it is for the caller to know.
  data: Type.Unsafe<JsonObject>({ type: 'object', description: 'merged leaf by leaf under user_data' }),
});

const conversation_id = Uuid('the conversation');
const key = Text('dotted key below user_data');

async function upsert(
  { conversations, channels }: Domain,
  subject: (typeof subjects)[number],
  id: string,
  set: FlatMetadata,
  command: Command,
): Promise<Answer> {
  switch (subject) {
    case 'conversation':
      return { status: 204, position: await conversations.setMetadata(id, set, command) };
    case 'message':
      return { status: 204, position: await conversations.setMessageMetadata(id, set, command) };
    case 'channel':
      await channels.setUserData(id, set, command);
      return { status: 204 };
  }
}

export function metadataEndpoints(domain: Domain): readonly Endpoint[] {
  const { conversations } = domain;
  return [
    write({
      path: '/metadata.upsert',
      summary: 'Writes metadata of a conversation, message or channel under user_data; other keys stay',
      request: UpsertRequest,
      access: 'api',
      responses: { 204: { description: 'done; readable at once' } },
      handle: ({ subject, id, data }, command) => upsert(domain, subject, id, userData(data, 'data'), command),
    }),
    write({
      path: '/metadata.set',
      summary: 'Writes one text of a conversation’s metadata under user_data',
      request: Type.Object({ conversation_id, key, value: Type.String({ description: 'the text' }) }),
      access: 'api',
      responses: { 200: { description: 'done', schema: Type.Object({}) } },
      handle: async (request, command) => {
        const set = userData({ [request.key]: request.value }, 'key');
        return {
          status: 200,
          body: {},
          position: await conversations.setMetadata(request.conversation_id, set, command),
        };
      },
    }),
    write({
      path: '/metadata.remove',
      summary: 'Takes one key of a conversation’s metadata away, with all below it',
      request: Type.Object({ conversation_id, key }),
      access: 'api',
      responses: { 200: { description: 'it is not there', schema: Type.Object({}) } },
      handle: async (request, command) => ({
        status: 200,
        body: {},
        position: await conversations.removeUserData(request.conversation_id, request.key, command),
      }),
    }),
  ];
}

import type { Position } from '@parley/log';
import type { SearchConversations } from '@parley/query';
import { type Static, type TObject, Type } from '@sinclair/typebox';
import type { Caller, Command } from '../../domain/command';
import type { ConversationStateName } from '../../domain/conversations';
import type { Domain } from '../../domain/domain';
import { SharedQuestions } from '../../domain/shared-questions';
import { type Answer, type Endpoint, read, write } from '../../http/endpoint';
import { Text, Uuid } from '../../http/schema';
import { ConversationTexts } from './conversation-texts';
import { ConversationsCursor, offsetPagination, PAGE_SIZE_DEFAULT, PageSize, placeOf } from './pages';
import { renderConversation } from './render';
import { ConversationShape, PaginationShape } from './shapes';

const ListRequest = Type.Object({
  filters: Type.Optional(Type.String({ description: 'Lucene query; absent finds all' })),
  cursor: Type.Optional(ConversationsCursor),
  page_size: Type.Optional(PageSize),
});

const conversation_id = Uuid('the conversation');
const OfConversation = Type.Object({ conversation_id });
const TagRequest = Type.Object({ conversation_id, tag_id: Uuid('the tag') });
const StateRequest = Type.Object({
  conversation_id,
  state: Type.String({
    pattern: '^([oO][pP][eE][nN]|[cC][lL][oO][sS][eE][dD])$',
    description: 'must be OPEN or CLOSED, in any case of letters',
  }),
});
const ContactRequest = Type.Object({ conversation_id, display_name: Text('the contact’s new name') });

const emptied = { 204: { description: 'done; readable at once' } } as const;

function done(position: Position): Answer {
  return { status: 204, position };
}

async function list(
  request: Static<typeof ListRequest>,
  caller: Caller,
  domain: Domain,
  texts: ConversationTexts,
): Promise<Answer> {
  const size = request.page_size ?? PAGE_SIZE_DEFAULT;
  const place = placeOf(request.cursor);
  const search: SearchConversations = {
    accounts: caller.accounts,
    size,
    ...(request.filters === undefined ? {} : { query: request.filters }),
    ...(place.kind === 'offset' ? { offset: place.offset } : {}),
    ...(place.kind === 'cursor' ? { cursor: place.cursor } : {}),
  };
  const page = await domain.query.searchConversations(search);
  const pagination =
    place.kind === 'offset'
      ? offsetPagination(place.offset, size, page.total)
      : { previous_cursor: page.previousCursor, next_cursor: page.nextCursor, total: page.total };
  const items = page.items.map((view) => texts.of(view, domain.channels.peek(view.channelId)));
  return { status: 200, text: `{"data":[${items.join(',')}],"pagination_data":${JSON.stringify(pagination)}}` };
}

/** conversations.* as the newest generation has them. */
export function conversationEndpoints(domain: Domain): readonly Endpoint[] {
  const { conversations, tags } = domain;
  const texts = new ConversationTexts();
  const lists = new SharedQuestions<Answer>();

  const change = <T extends TObject>(
    path: string,
    aliases: readonly string[],
    summary: string,
    request: T,
    act: (request: Static<T>, command: Command) => Promise<Position>,
  ) =>
    write({
      path,
      aliases,
      summary,
      request,
      access: 'api',
      responses: emptied,
      handle: async (body, command) => done(await act(body, command)),
    });

  return [
    read({
      path: '/conversations.list',
      summary: 'One page of the conversations that a filter finds, newest last message first',
      request: ListRequest,
      access: 'api',
      responses: {
        200: {
          description: 'a page; total counts the filter',
          schema: Type.Object({ data: Type.Array(ConversationShape), pagination_data: PaginationShape }),
        },
      },
      handle: (request, caller) =>
        lists.ask(JSON.stringify([caller.accounts, request]), () => list(request, caller, domain, texts)),
    }),
    read({
      path: '/conversations.info',
      summary: 'One conversation',
      request: OfConversation,
      access: 'api',
      responses: { 200: { description: 'the conversation', schema: ConversationShape } },
      handle: async (request, caller) => {
        const view = await conversations.get(request.conversation_id, caller);
        return { status: 200, body: renderConversation(view, domain.channels.peek(view.channelId)) };
      },
    }),
    change(
      '/conversations.mark-read',
      ['/conversations.markRead', '/conversations.read'],
      'Resets the unread count; what arrives later is unread',
      OfConversation,
      (r, command) => conversations.markRead(r.conversation_id, command),
    ),
    change('/conversations.tag', [], 'Puts an existing tag on a conversation', TagRequest, async (r, command) =>
      conversations.tag(r.conversation_id, await tags.find(r.tag_id, command.caller), command),
    ),
    change('/conversations.untag', [], 'Takes a tag off a conversation', TagRequest, async (r, command) => {
      const exists = (await tags.find(r.tag_id, command.caller)) !== undefined;
      return conversations.untag(r.conversation_id, r.tag_id, exists, command);
    }),
    change(
      '/conversations.set-state',
      ['/conversations.setState'],
      'Opens or closes a conversation',
      StateRequest,
      // The pattern of the request admits nothing else.
      (r, command) =>
        conversations.setState(r.conversation_id, r.state.toUpperCase() as ConversationStateName, command),
    ),
    change(
      '/conversations.remove-state',
      ['/conversations.removeState'],
      'Takes the state away, which counts as open',
      OfConversation,
      (r, command) => conversations.removeState(r.conversation_id, command),
    ),
    change(
      '/conversations.update-contact',
      ['/conversations.updateContact'],
      'Names the contact',
      ContactRequest,
      (r, command) => conversations.updateContact(r.conversation_id, r.display_name, command),
    ),
    write({
      path: '/conversations.refetch',
      summary: 'Has the contact’s profile fetched again, where the source can be asked',
      request: OfConversation,
      access: 'api',
      responses: { 202: { description: 'it will be' } },
      handle: async (r, command) => ({
        status: 202,
        position: await conversations.refetch(r.conversation_id, command),
      }),
    }),
  ];
}

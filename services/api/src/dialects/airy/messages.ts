import { Type } from '@sinclair/typebox';
import { notFound } from '../../domain/command';
import type { Domain } from '../../domain/domain';
import { type Endpoint, read } from '../../http/endpoint';
import { Uuid } from '../../http/schema';
import { PAGE_SIZE_DEFAULT, PageSize } from './pages';
import { renderMessage } from './render';
import { MessageShape, PaginationShape } from './shapes';

export function messageEndpoints({ query }: Domain): readonly Endpoint[] {
  return [
    read({
      path: '/messages.list',
      summary: 'One page of a conversation’s messages, newest first',
      request: Type.Object({
        conversation_id: Uuid('the conversation'),
        cursor: Type.Optional(Type.String({ description: 'id of the first message of the page; absent: the newest' })),
        page_size: Type.Optional(PageSize),
      }),
      access: 'api',
      responses: {
        200: {
          description: 'a page',
          schema: Type.Object({ data: Type.Array(MessageShape), pagination_data: PaginationShape }),
        },
      },
      handle: async ({ conversation_id, cursor, page_size }, { accounts }) => {
        const page = await query.listMessages({
          conversationId: conversation_id,
          accounts,
          size: page_size ?? PAGE_SIZE_DEFAULT,
          ...(cursor ? { cursor: cursor.toLowerCase() } : {}),
        });
        if (!page) throw notFound('conversation', 'conversation_id');
        const { previousCursor, nextCursor, total } = page;
        return {
          status: 200,
          body: {
            data: page.items.map(renderMessage),
            pagination_data: { previous_cursor: previousCursor, next_cursor: nextCursor, total },
          },
        };
      },
    }),
  ];
}

import { type JsonObject, listAt, numberAt, objectAt, post } from './call';

export interface ConversationsPage {
  readonly items: readonly JsonObject[];
  /** Of the filter, not of the page. */
  readonly total: number;
  readonly nextCursor: string | null;
}

/** The calls of the public API that the demo makes, with all rights. */
export class Api {
  constructor(
    readonly url: string,
    private readonly token: string,
    private readonly signal: AbortSignal,
  ) {}

  call(path: string, body: object, token = this.token): Promise<JsonObject> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    return post(this.url, { path, headers, body: JSON.stringify(body) }, this.signal);
  }

  async conversations(
    filters: string | null,
    pageSize: number,
    cursor: string | null = null,
  ): Promise<ConversationsPage> {
    const answer = await this.call('/conversations.list', { filters, page_size: pageSize, cursor });
    const pages = objectAt(answer, 'pagination_data');
    const next = pages.next_cursor;
    return {
      items: listAt(answer, 'data'),
      total: numberAt(pages, 'total'),
      nextCursor: typeof next === 'string' ? next : null,
    };
  }

  async total(filters: string | null): Promise<number> {
    return (await this.conversations(filters, 1)).total;
  }

  /** Every conversation of the filter, newest first. */
  async allConversations(filters: string | null): Promise<readonly JsonObject[]> {
    const all: JsonObject[] = [];
    let cursor: string | null = null;
    do {
      const page: ConversationsPage = await this.conversations(filters, 1_000, cursor);
      all.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return all;
  }

  async messageCount(conversationId: string): Promise<number> {
    const answer = await this.call('/messages.list', { conversation_id: conversationId, page_size: 1 });
    return numberAt(objectAt(answer, 'pagination_data'), 'total');
  }
}

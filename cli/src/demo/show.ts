import { curl } from '../system/banner';
import type { Api, ConversationsPage } from './api';
import { inboxTable } from './inbox';
import type { Screen } from './screen';
import type { Work } from './work-inbox';

const SHOWN = 15;

interface Filter {
  readonly about: string;
  readonly query: string;
}

function filters(work: Work, now: number): readonly Filter[] {
  const dayAgo = now - 86_400_000;
  return [
    { about: 'five or more unread', query: 'unread_count:[5 TO *]' },
    {
      about: 'Messenger and Instagram, tagged VIP',
      query: `source:(facebook OR instagram) AND tag_ids:${work.tagIds.VIP}`,
    },
    { about: 'people whose name begins with mar', query: 'display_name:mar*' },
    { about: 'closed', query: 'metadata.state:CLOSED' },
    { about: 'not of the website, begun within a day', query: `-source:chatplugin AND created_at:[${dayAgo} TO *]` },
    { about: 'contacts whom the provider would not tell of', query: 'metadata.contact.fetch_state:failed' },
  ];
}

/** Prints the inbox and filters to try, each with the command line that asks for it. */
export async function show(api: Api, screen: Screen, work: Work, token: string, now: number): Promise<void> {
  const inbox: ConversationsPage = await api.conversations(null, SHOWN);
  screen.line();
  for (const line of inboxTable(inbox.items)) screen.line(`  ${line}`);
  screen.line(`  … ${inbox.total} conversations in all`);
  screen.line();
  for (const { about, query } of filters(work, now)) {
    screen.line(`  ${await api.total(query)} ${about}:`);
    screen.line(`    ${curl(api.url, token, '/conversations.list', { filters: query })}`);
  }
  screen.line();
}

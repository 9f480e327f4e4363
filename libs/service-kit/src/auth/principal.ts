/** Who a request comes from, as its credential proved. */
export type Principal =
  | { readonly kind: 'anonymous' }
  /** Holder of SYSTEM_TOKEN: all rights in all accounts; what it makes belongs to account 1. */
  | { readonly kind: 'system' }
  /** A custom source, by its own token. */
  | { readonly kind: 'source'; readonly accountId: number; readonly source: string; readonly token: string }
  /** A visitor of the chat plugin, confined to one conversation. */
  | {
      readonly kind: 'visitor';
      readonly accountId: number;
      readonly conversationId: string;
      readonly channelId: string;
    };

export const DEFAULT_ACCOUNT = 1;

/** Accounts whose data the caller may see; null for all. */
export function accountsOf(principal: Principal): readonly number[] | null {
  if (principal.kind === 'system') return null;
  return principal.kind === 'anonymous' ? [] : [principal.accountId];
}

/** Account that what the caller makes belongs to. */
export function homeAccount(principal: Principal): number {
  return principal.kind === 'source' || principal.kind === 'visitor' ? principal.accountId : DEFAULT_ACCOUNT;
}

/** Names the caller in derived ids and as actor of events; never the token itself. */
export function callerName(principal: Principal): string {
  switch (principal.kind) {
    case 'source':
      return `source:${principal.source}`;
    case 'visitor':
      return `visitor:${principal.conversationId}`;
    default:
      return principal.kind;
  }
}

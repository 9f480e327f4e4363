import { type ConversationEventName, ids } from '@parley/contracts';
import { AppError } from '@parley/service-kit';

/** Who asks, and what is theirs. */
export interface Caller {
  /** Account that what they make belongs to. */
  readonly accountId: number;
  /** Accounts whose data they may see and change; null for all. */
  readonly accounts: readonly number[] | null;
  /** Names them in derived ids. */
  readonly name: string;
  readonly actorKind: 'api' | 'source';
  readonly actorId: string | null;
  /** The custom source whose token it is, null otherwise. */
  readonly source: string | null;
}

/** One wish to change something. */
export interface Command {
  readonly caller: Caller;
  /** What is asked, for the events' `cause`: conversations.tag. */
  readonly name: string;
  /** Everything the command makes derives its ids from this: the same nonce makes the same things. */
  readonly nonce: string;
  /** When it was asked, epoch milliseconds. */
  readonly atMs: number;
}

/** The fields that all conversation events have. */
export function eventHeader(
  command: Command,
  type: ConversationEventName,
  of: { readonly id: string; readonly accountId: number },
) {
  return {
    eventId: ids.event(command.nonce, type),
    accountId: of.accountId,
    conversationId: of.id,
    occurredAt: command.atMs,
    actorKind: command.caller.actorKind,
    actorId: command.caller.actorId,
    cause: `command:${command.name}`,
  };
}

export function maySee(caller: Caller, accountId: number): boolean {
  return caller.accounts === null || caller.accounts.includes(accountId);
}

export function notFound(what: string, field: string): AppError {
  return new AppError('NOT_FOUND', { message: `there is no such ${what}`, field });
}

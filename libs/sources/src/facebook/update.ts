/** What all kinds of updates have in common. */
export interface Update {
  readonly pageId: string;
  readonly contactId: string;
  readonly fromContact: boolean;
  /** Epoch milliseconds. */
  readonly sentAt: number;
  readonly cause: string;
}

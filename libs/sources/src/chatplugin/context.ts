/** What ingest notes in RawWebhook.context of a visitor's request: the token proved it, the body can't. */
export interface VisitorContext {
  readonly conversation_id: string;
  readonly channel_id: string;
  /** Chosen when the request came, so that the answer could tell it. */
  readonly message_id: string;
}

/** As the schema's map of texts. */
export function visitorContext({ conversation_id, channel_id, message_id }: VisitorContext): Record<string, string> {
  return { conversation_id, channel_id, message_id };
}

export function readVisitorContext(context: Readonly<Record<string, string>>): VisitorContext | undefined {
  const { conversation_id, channel_id, message_id } = context;
  return conversation_id && channel_id && message_id ? { conversation_id, channel_id, message_id } : undefined;
}

import {
  Codec,
  type ConversationEvent,
  type ConversationEventName,
  type SchemaRegistry,
  topics,
} from '@parley/contracts';
import type { Log, NewRecord, Position } from '@parley/log';

/** Appends conversation events, keyed by their conversation. */
export class EventWriter {
  private constructor(
    private readonly log: Log,
    private readonly codec: Codec<ConversationEventName>,
  ) {}

  static async open(log: Log, registry: SchemaRegistry): Promise<EventWriter> {
    return new EventWriter(log, await Codec.open(topics.conversationEvents, registry));
  }

  /** Resolves when they are durable; the position of each, in the order given. */
  append(events: readonly ConversationEvent[]): Promise<readonly Position[]> {
    return this.log.append(
      topics.conversationEvents.name,
      events.map((event) => this.record(event)),
    );
  }

  private record(event: ConversationEvent): NewRecord {
    return {
      key: event.value.conversationId,
      value: this.codec.encode(event.type, event.value as never),
      headers: { type: event.type },
    };
  }
}

import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;

/** What the peer keeps of a conversation. */
final class State {
  static final Schema SCHEMA =
      SchemaBuilder.record("State").namespace("parley.bench").fields()
          .requiredString("id")
          .requiredLong("accountId")
          .requiredString("channelId")
          .requiredString("source")
          .requiredLong("createdAt")
          .requiredInt("unreadCount")
          .requiredInt("messageCount")
          .optionalString("state")
          .name("tagIds").type().array().items().stringType().noDefault()
          // Dotted key to value as JSON text.
          .name("metadata").type().map().values().stringType().noDefault()
          .requiredLong("lastMessageAt")
          // As it is published: JSON text.
          .optionalString("lastMessage")
          .requiredLong("version")
          .requiredLong("position")
          .endRecord();

  private State() {}
}

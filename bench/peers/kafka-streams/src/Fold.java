import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/**
 * The aggregation, by the rules of libs/conversations for the events that it knows. It leaves out what the product does
 * besides: messages' own rows, exact deduplication, delivery states, conversation numbers, the search index.
 */
final class Fold {
  private static final JsonFactory JSON = new JsonFactory();

  /** @return the state after the event, which is the given one, changed; a new one where there was none */
  static GenericRecord apply(GenericRecord before, GenericRecord event, long offset) {
    GenericRecord state = before == null ? empty(event) : before;
    switch (event.getSchema().getName()) {
      case "MessageReceived" -> message(state, event);
      case "ConversationRead" -> state.put("unreadCount", 0);
      case "ConversationTagged" -> tagged(state, (CharSequence) event.get("tagId"));
      case "ConversationUntagged" -> tags(state).remove(event.get("tagId"));
      case "ConversationStateSet" -> state.put("state", event.get("state"));
      case "ConversationStateRemoved" -> state.put("state", null);
      case "ConversationMetadataChanged" -> metadata(state, event);
      default -> throw new IllegalArgumentException("no rule for " + event.getSchema().getName());
    }
    state.put("version", (long) state.get("version") + 1);
    state.put("position", offset);
    return state;
  }

  private static GenericRecord empty(GenericRecord event) {
    GenericRecord state = new GenericData.Record(State.SCHEMA);
    state.put("id", event.get("conversationId"));
    state.put("accountId", event.get("accountId"));
    state.put("channelId", "");
    state.put("source", "");
    state.put("createdAt", 0L);
    state.put("unreadCount", 0);
    state.put("messageCount", 0);
    state.put("tagIds", new ArrayList<CharSequence>());
    state.put("metadata", new HashMap<CharSequence, CharSequence>());
    state.put("lastMessageAt", 0L);
    state.put("version", 0L);
    state.put("position", 0L);
    return state;
  }

  private static void message(GenericRecord state, GenericRecord event) {
    long sentAt = (long) event.get("sentAt");
    int count = (int) state.get("messageCount");
    if (count == 0) state.put("createdAt", sentAt);
    state.put("messageCount", count + 1);
    if ((boolean) event.get("fromContact")) state.put("unreadCount", (int) state.get("unreadCount") + 1);
    // Ties go to the later in log order.
    if (count > 0 && sentAt < (long) state.get("lastMessageAt")) return;
    state.put("channelId", event.get("channelId"));
    state.put("source", event.get("source"));
    state.put("lastMessageAt", sentAt);
    state.put("lastMessage", view(event));
  }

  private static void tagged(GenericRecord state, CharSequence tag) {
    List<CharSequence> tags = tags(state);
    if (tags.contains(tag)) return;
    tags.add(tag);
    tags.sort((a, b) -> CharSequence.compare(a, b));
  }

  private static void metadata(GenericRecord state, GenericRecord event) {
    Map<CharSequence, CharSequence> metadata = map(state.get("metadata"));
    for (CharSequence removed : Fold.<List<CharSequence>>cast(event.get("removed"))) {
      String below = removed + ".";
      metadata.keySet().removeIf(key -> key.equals(removed) || key.toString().startsWith(below));
    }
    metadata.putAll(map(event.get("set")));
  }

  private static String view(GenericRecord event) {
    StringWriter text = new StringWriter(512);
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("id", event.get("messageId").toString());
      json.writeStringField("conversationId", event.get("conversationId").toString());
      json.writeStringField("channelId", event.get("channelId").toString());
      json.writeStringField("source", event.get("source").toString());
      writeNullable(json, "sourceMessageId", event.get("sourceMessageId"));
      json.writeFieldName("content");
      json.writeRawValue(event.get("content").toString());
      writeNullable(json, "text", event.get("text"));
      json.writeBooleanField("supported", (boolean) event.get("supported"));
      json.writeStringField("deliveryState", "delivered");
      json.writeBooleanField("fromContact", (boolean) event.get("fromContact"));
      json.writeNumberField("sentAt", (long) event.get("sentAt"));
      json.writeObjectFieldStart("sender");
      json.writeStringField("id", event.get("senderId").toString());
      json.writeEndObject();
      json.writeObjectFieldStart("headers");
      for (Map.Entry<CharSequence, CharSequence> header : map(event.get("headers")).entrySet()) {
        json.writeStringField(header.getKey().toString(), header.getValue().toString());
      }
      json.writeEndObject();
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void writeNullable(JsonGenerator json, String name, Object value) throws IOException {
    if (value == null) json.writeNullField(name);
    else json.writeStringField(name, value.toString());
  }

  static List<CharSequence> tags(GenericRecord state) {
    return cast(state.get("tagIds"));
  }

  static Map<CharSequence, CharSequence> map(Object value) {
    return value == null ? Collections.emptyMap() : cast(value);
  }

  @SuppressWarnings("unchecked")
  private static <T> T cast(Object value) {
    return (T) value;
  }

  private Fold() {}
}

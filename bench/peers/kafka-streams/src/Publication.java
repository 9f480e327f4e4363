import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** The state as schemas/Conversation.avsc publishes it. */
final class Publication {
  private static final JsonFactory JSON = new JsonFactory();
  private static final int DEFAULT_NAME_ID_CHARACTERS = 5;
  private static final String NAME_KEY = "contact.display_name";

  private final Schema schema;

  Publication(Schema schema) {
    this.schema = schema;
  }

  GenericRecord of(GenericRecord state) {
    GenericRecord record = new GenericData.Record(schema);
    for (String same : new String[] {
      "id", "accountId", "channelId", "source", "createdAt", "unreadCount", "messageCount", "state", "tagIds",
      "lastMessage", "version", "position"
    }) {
      record.put(same, state.get(same));
    }
    record.put("number", 0L);
    record.put("displayName", displayName(state));
    record.put("metadata", metadata(Fold.map(state.get("metadata"))));
    return record;
  }

  static String displayName(GenericRecord state) {
    for (Map.Entry<CharSequence, CharSequence> entry : Fold.map(state.get("metadata")).entrySet()) {
      if (!entry.getKey().toString().equals(NAME_KEY)) continue;
      String json = entry.getValue().toString();
      return json.substring(1, json.length() - 1);
    }
    String id = state.get("id").toString();
    String source = state.get("source").toString();
    String last = source.substring(source.lastIndexOf('.') + 1);
    String kind = last.isEmpty() ? "" : Character.toUpperCase(last.charAt(0)) + last.substring(1);
    return kind + " " + id.substring(Math.max(0, id.length() - DEFAULT_NAME_ID_CHARACTERS));
  }

  private static String metadata(Map<CharSequence, CharSequence> leaves) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      json.writeStartObject();
      for (Map.Entry<CharSequence, CharSequence> leaf : leaves.entrySet()) {
        json.writeFieldName(leaf.getKey().toString());
        json.writeRawValue(leaf.getValue().toString());
      }
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }
}

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;

/** Conversation events in Confluent's framing: byte 0, schema id (4 bytes, big-endian), Avro. */
final class Events implements Deserializer<GenericRecord> {
  private static final int HEADER_BYTES = 5;

  private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
  private BinaryDecoder decoder;

  Events(Map<Integer, Schema> schemas) {
    schemas.forEach((id, schema) -> readers.put(id, new GenericDatumReader<>(schema)));
  }

  @Override
  public GenericRecord deserialize(String topic, byte[] frame) {
    int id = ByteBuffer.wrap(frame, 1, 4).getInt();
    GenericDatumReader<GenericRecord> reader = readers.get(id);
    if (frame[0] != 0 || reader == null) throw new SerializationException("no event of a known schema: id " + id);
    decoder = DecoderFactory.get().binaryDecoder(frame, HEADER_BYTES, frame.length - HEADER_BYTES, decoder);
    try {
      return reader.read(null, decoder);
    } catch (IOException e) {
      throw new SerializationException(e);
    }
  }
}

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** Records of one schema as bare Avro. Each instance belongs to one thread, as Streams uses them. */
final class AvroSerde implements Serde<GenericRecord> {
  private final GenericDatumReader<GenericRecord> reader;
  private final GenericDatumWriter<GenericRecord> writer;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
  private BinaryDecoder decoder;
  private BinaryEncoder encoder;

  AvroSerde(Schema schema) {
    reader = new GenericDatumReader<>(schema);
    writer = new GenericDatumWriter<>(schema);
  }

  @Override
  public Serializer<GenericRecord> serializer() {
    return (topic, value) -> value == null ? null : encode(value);
  }

  @Override
  public Deserializer<GenericRecord> deserializer() {
    return (topic, value) -> value == null ? null : decode(value);
  }

  private byte[] encode(GenericRecord value) {
    bytes.reset();
    encoder = EncoderFactory.get().directBinaryEncoder(bytes, encoder);
    try {
      writer.write(value, encoder);
      encoder.flush();
    } catch (IOException e) {
      throw new SerializationException(e);
    }
    return bytes.toByteArray();
  }

  private GenericRecord decode(byte[] value) {
    decoder = DecoderFactory.get().binaryDecoder(value, decoder);
    try {
      return reader.read(null, decoder);
    } catch (IOException e) {
      throw new SerializationException(e);
    }
  }
}

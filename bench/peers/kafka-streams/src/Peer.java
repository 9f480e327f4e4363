import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.Stores;

/**
 * Folds a topic of conversation events from its beginning to the end that it has now, publishes every change, prints
 * one JSON line and ends. Arguments, each name=value: brokers, input, application (group id, and prefix of the topics that
 * it makes and deletes again), stateDir, schemas (folder of .avsc), ids (schema id:record,...), guarantee.
 */
public final class Peer {
  private static final String STORE = "conversations";
  private static final long POLL_MS = 5;

  public static void main(String[] args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (String arg : args) options.put(arg.substring(0, arg.indexOf('=')), arg.substring(arg.indexOf('=') + 1));
    AtomicLong folded = new AtomicLong();
    CountDownLatch running = new CountDownLatch(1);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.get("brokers")))) {
      Map<TopicPartition, Long> ends = ends(admin, options.get("input"));
      long events = ends.values().stream().mapToLong(Long::longValue).sum();
      var output = new NewTopic(output(options), ends.size(), (short) 1).configs(Map.of("cleanup.policy", "compact"));
      admin.createTopics(Set.of(output)).all().get();
      KafkaStreams streams = new KafkaStreams(topology(options, folded).build(), config(options));
      streams.setStateListener((now, before) -> {
        if (now == KafkaStreams.State.RUNNING) running.countDown();
      });
      streams.start();
      running.await();
      long startedAt = System.nanoTime();
      while (folded.get() < events) pause(streams);
      double foldedMs = msSince(startedAt);
      // A commit flushes the producer first: what is committed is on the changelog and on the output topic.
      while (!committed(admin, options.get("application"), ends)) pause(streams);
      double publishedMs = msSince(startedAt);
      System.out.printf(
          "{\"events\":%d,\"foldedMs\":%.0f,\"publishedMs\":%.0f,\"totals\":%s}%n",
          events, foldedMs, publishedMs, totals(streams));
      streams.close();
      // Repeated events (a rebalance, a retry) would make a figure of something else.
      if (folded.get() != events) throw new IllegalStateException(folded.get() + " folded of " + events);
      Set<String> own = admin.listTopics().names().get().stream()
          .filter(name -> name.startsWith(options.get("application")))
          .collect(Collectors.toSet());
      admin.deleteTopics(own).all().get();
    }
  }

  private static StreamsBuilder topology(Map<String, String> options, AtomicLong folded) throws Exception {
    Map<Integer, Schema> ids = new HashMap<>();
    for (String entry : options.get("ids").split(",")) {
      String[] idAndName = entry.split(":");
      ids.put(Integer.parseInt(idAndName[0]), schema(options, idAndName[1]));
    }
    Schema published = schema(options, "Conversation");
    Serde<GenericRecord> input = Serdes.serdeFrom((topic, value) -> null, new Events(ids));
    StreamsBuilder builder = new StreamsBuilder();
    builder.addStateStore(
        Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore(STORE), Serdes.String(), new AvroSerde(State.SCHEMA))
            .withLoggingEnabled(Map.of()));
    builder.stream(options.get("input"), Consumed.with(Serdes.String(), input))
        .process(() -> new Folding(folded, new Publication(published)), STORE)
        .to(output(options), Produced.with(Serdes.String(), new AvroSerde(published)));
    return builder;
  }

  private static String output(Map<String, String> options) {
    return options.get("application") + "-published";
  }

  private static Properties config(Map<String, String> options) {
    Properties config = new Properties();
    config.put(StreamsConfig.APPLICATION_ID_CONFIG, options.get("application"));
    config.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, options.get("brokers"));
    config.put(StreamsConfig.STATE_DIR_CONFIG, options.get("stateDir"));
    config.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, options.get("guarantee"));
    config.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
    config.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    config.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    config.put("auto.offset.reset", "earliest");
    return config;
  }

  /** One event: state read, folded, written; the conversation as it is now sent on. */
  private static final class Folding extends ContextualProcessor<String, GenericRecord, String, GenericRecord> {
    private final AtomicLong folded;
    private final Publication publication;
    private KeyValueStore<String, GenericRecord> store;

    Folding(AtomicLong folded, Publication publication) {
      this.folded = folded;
      this.publication = publication;
    }

    @Override
    public void init(ProcessorContext<String, GenericRecord> context) {
      super.init(context);
      store = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<String, GenericRecord> event) {
      long offset = context().recordMetadata().orElseThrow().offset();
      GenericRecord state = Fold.apply(store.get(event.key()), event.value(), offset);
      store.put(event.key(), state);
      context().forward(event.withValue(publication.of(state)));
      folded.incrementAndGet();
    }
  }

  private static Map<TopicPartition, Long> ends(Admin admin, String topic) throws Exception {
    Map<TopicPartition, OffsetSpec> latest = new HashMap<>();
    admin.describeTopics(Set.of(topic)).allTopicNames().get().get(topic).partitions()
        .forEach(info -> latest.put(new TopicPartition(topic, info.partition()), OffsetSpec.latest()));
    Map<TopicPartition, Long> ends = new HashMap<>();
    admin.listOffsets(latest).all().get().forEach((partition, info) -> ends.put(partition, info.offset()));
    return ends;
  }

  private static boolean committed(Admin admin, String group, Map<TopicPartition, Long> ends) throws Exception {
    var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    return ends.entrySet().stream().allMatch(end -> {
      var offset = offsets.get(end.getKey());
      return end.getValue() == 0 || (offset != null && offset.offset() >= end.getValue());
    });
  }

  /** Sums over all states, for the comparison with what another fold of the same topic came to. */
  private static String totals(KafkaStreams streams) {
    long conversations = 0, messages = 0, unread = 0, tags = 0, open = 0, version = 0, lastMessageAt = 0, names = 0;
    var store = streams.store(
        StoreQueryParameters.fromNameAndType(STORE, QueryableStoreTypes.<String, GenericRecord>keyValueStore()));
    try (KeyValueIterator<String, GenericRecord> all = store.all()) {
      while (all.hasNext()) {
        GenericRecord state = all.next().value;
        conversations += 1;
        messages += (int) state.get("messageCount");
        unread += (int) state.get("unreadCount");
        tags += Fold.tags(state).size();
        open += state.get("state") != null && state.get("state").toString().equals("OPEN") ? 1 : 0;
        version += (long) state.get("version");
        lastMessageAt += (long) state.get("lastMessageAt") % 1_000_000_000L;
        names += Publication.displayName(state).length();
      }
    }
    return String.format(
        "{\"conversations\":%d,\"messages\":%d,\"unread\":%d,\"tags\":%d,\"open\":%d,\"version\":%d,"
            + "\"lastMessageAt\":%d,\"names\":%d}",
        conversations, messages, unread, tags, open, version, lastMessageAt, names);
  }

  private static Schema schema(Map<String, String> options, String name) throws Exception {
    return new Schema.Parser().parse(Path.of(options.get("schemas"), name + ".avsc").toFile());
  }

  private static void pause(KafkaStreams streams) throws InterruptedException {
    if (!streams.state().isRunningOrRebalancing()) throw new IllegalStateException("streams are " + streams.state());
    Thread.sleep(POLL_MS);
  }

  private static double msSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e6;
  }
}

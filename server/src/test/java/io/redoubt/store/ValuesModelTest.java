package io.redoubt.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.log.EffectStream;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.HashValue;
import io.redoubt.type.ListValue;
import io.redoubt.type.SetValue;
import io.redoubt.type.StreamSink;
import io.redoubt.type.Value;
import io.redoubt.type.ValueSink;
import io.redoubt.type.ZSetValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Random changes of values of every type, to the keyspace and to Java's collections, while another thread reads a
 * snapshot again and again, which must go on showing what was there.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ValuesModelTest {
    private static final int KEYS = 14;
    private static final int SNAPSHOTS = 5;
    private static final int STEPS = 250;

    /** What a key holds: a String, a List, a Set, or a Map to String or Double. */
    private record Held(Object value, long expiryMillis) {}

    private final Keyspace keyspace = new Keyspace(new Keyspace.Layout(1, 4, 2, 1 << 16), 1, 2, new EffectStream());
    private final Unit unit = keyspace.unit(0);
    private final Map<String, Held> model = new HashMap<>();
    private final Entry entry = new Entry();
    private final SetValue set = new SetValue();
    private final HashValue hash = new HashValue();
    private final ListValue list = new ListValue();
    private final ZSetValue sorted = new ZSetValue();
    private SplittableRandom random = new SplittableRandom(0);

    ValuesModelTest() {
        for (int i = 0; i < 4; i++) {
            for (var partition : keyspace.shard(i).databases) {
                partition.arena.setPoisoning(true);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void snapshots_show_what_was_there_and_nothing_leaks(long seed) throws Exception {
        random = new SplittableRandom(seed);
        long usedWhenEmpty = keyspace.usedBytes();
        try (var threads = Executors.newSingleThreadExecutor()) {
            for (int round = 0; round < SNAPSHOTS; round++) {
                var snapshot = Objects.requireNonNull(keyspace.beginSnapshot());
                var expected = copyOfModel();
                var passes = new AtomicInteger();
                var isOver = new AtomicBoolean();
                var reader = threads.submit(readAgainAndAgain(snapshot, expected, passes, isOver));
                try {
                    change(reader);
                } finally {
                    isOver.set(true);
                }
                reader.get();
                keyspace.endSnapshot();
                requireSame();
                change(null);
            }
        }
        for (String key : List.copyOf(model.keySet())) {
            unit.begin(1_000, false);
            byte[] bytes = bytes(key);
            assertThat(keyspace.delete(unit, 0, bytes, 0, bytes.length, entry)).isTrue();
            unit.end();
        }
        for (int shard = 0; shard < 4; shard++) {
            while (keyspace.reclaimSome(shard, 50)) {
                keyspace.checkInvariants();
            }
        }
        keyspace.checkInvariants();
        assertThat(keyspace.pendingFrees()).isZero();
        assertThat(keyspace.freedValues()).isPositive();
        for (int shard = 0; shard < 4; shard++) {
            assertThat(keyspace.shard(shard).databases[0].arena.usedBytes()).isZero();
        }
        // A table keeps the array of its first segment's expiry times.
        assertThat(keyspace.usedBytes()).isBetween(usedWhenEmpty, usedWhenEmpty + 4 * 160);
    }

    private static Callable<Void> readAgainAndAgain(
            KeyspaceSnapshot snapshot, Map<String, Held> expected, AtomicInteger passes, AtomicBoolean isOver) {
        return () -> {
            boolean isLast;
            do {
                isLast = isOver.get();
                requireSame(contentOf(snapshot), expected);
                passes.incrementAndGet();
            } while (!isLast);
            return null;
        };
    }

    private void change(@Nullable Future<?> reader) throws ExecutionException, InterruptedException {
        for (int step = 0; step < STEPS; step++) {
            unit.begin(1_000, false);
            step();
            unit.end();
            if (random.nextInt(3) == 0) {
                keyspace.reclaimSome(random.nextInt(4), 1 + random.nextInt(40));
            }
            if (reader != null && reader.isDone()) {
                reader.get();
            }
        }
        keyspace.checkInvariants();
        requireSame();
    }

    // ---- Changes ----

    private void step() {
        String key = "key" + random.nextInt(KEYS);
        byte[] name = bytes(key);
        boolean isPresent = keyspace.find(unit, 0, name, 0, name.length, entry);
        assertThat(isPresent).as(key).isEqualTo(model.containsKey(key));
        int choice = random.nextInt(40);
        if (choice == 0) {
            putString(key);
        } else if (!isPresent) {
            create(key);
        } else if (choice == 1) {
            keyspace.delete(unit, 0, name, 0, name.length, entry);
            model.remove(key);
        } else if (choice < 6) {
            putElsewhere(key, choice < 4);
        } else if (choice == 6) {
            long expiryMillis = random.nextBoolean() ? Keyspace.NO_EXPIRY : 2_000 + random.nextInt(9);
            keyspace.setExpiry(unit, 0, name, 0, name.length, expiryMillis);
            model.put(key, new Held(held(key).value(), expiryMillis));
        } else if (choice == 7) {
            build(key);
        } else {
            changeElements(key);
        }
    }

    private Held held(String key) {
        return Objects.requireNonNull(model.get(key));
    }

    private void putString(String key) {
        int length = random.nextInt(8) == 0 ? Encoding.LARGE_MIN + 5 : random.nextInt(90);
        byte[] text = bytes("s".repeat(length));
        byte[] name = bytes(key);
        keyspace.setString(unit, 0, name, 0, name.length, Encoding.RAW, text, 0, length, Keyspace.NO_EXPIRY);
        model.put(key, new Held(text(text, 0, length), Keyspace.NO_EXPIRY));
    }

    private void create(String key) {
        byte[] name = bytes(key);
        keyspace.create(unit, 0, name, 0, name.length, Encoding.RAW, 0, entry);
        model.put(key, new Held(bindNew(random.nextInt(4)), Keyspace.NO_EXPIRY));
        grow(held(key).value());
    }

    /** Makes the entry an empty value of a type. */
    private Object bindNew(int type) {
        switch (type) {
            case 0 -> {
                set.bindNew(entry);
                return new TreeSet<String>();
            }
            case 1 -> {
                hash.bindNew(entry);
                return new TreeMap<String, String>();
            }
            case 2 -> {
                list.bindNew(entry);
                return new ArrayList<String>();
            }
            default -> {
                sorted.bindNew(entry);
                return new TreeMap<String, Double>();
            }
        }
    }

    private void putElsewhere(String key, boolean moves) {
        String target = "key" + random.nextInt(KEYS);
        if (target.equals(key)) {
            return;
        }
        byte[] name = bytes(target);
        if (moves) {
            keyspace.move(unit, entry, 0, name, 0, name.length);
            model.put(target, held(key));
            model.remove(key);
        } else {
            keyspace.copy(unit, entry, 0, name, 0, name.length);
            model.put(target, new Held(copy(held(key).value()), held(key).expiryMillis()));
        }
    }

    /** Builds a value out of sight, and puts it in its place or drops it. */
    private void build(String key) {
        byte[] name = bytes(key);
        keyspace.createDetached(unit, 0, name, 0, name.length, Encoding.RAW, 0, entry);
        var value = bindNew(random.nextInt(4));
        grow(value);
        if (random.nextBoolean()) {
            keyspace.discard(unit, entry);
        } else {
            keyspace.attach(unit, entry, 3_000);
            model.put(key, new Held(value, 3_000));
        }
    }

    private void changeElements(String key) {
        var value = held(key).value();
        if (value instanceof String) {
            return;
        }
        bind();
        if (random.nextInt(5) < 3) {
            grow(value);
        } else {
            shrink(value);
        }
        if (isEmpty(value)) {
            byte[] name = bytes(key);
            keyspace.delete(unit, 0, name, 0, name.length, entry);
            model.remove(key);
        }
    }

    private void bind() {
        switch (Encoding.type(entry.encoding())) {
            case SET -> set.bind(entry);
            case HASH -> hash.bind(entry);
            case LIST -> list.bind(entry);
            default -> sorted.bind(entry);
        }
    }

    private int some() {
        return random.nextInt(6) == 0 ? 200 : 1 + random.nextInt(3);
    }

    @SuppressWarnings("unchecked")
    private void grow(Object value) {
        for (int i = some(); i > 0; i--) {
            String name = name();
            switch (Encoding.type(entry.encoding())) {
                case SET -> assertThat(set.add(element(name))).isEqualTo(((TreeSet<String>) value).add(name));
                case HASH -> {
                    String content = name();
                    assertThat(hash.put(element(name), element(content)))
                            .isEqualTo(((TreeMap<String, String>) value).put(name, content) == null);
                }
                case ZSET -> {
                    double score = random.nextInt(20);
                    assertThat(sorted.put(score, element(name)))
                            .isEqualTo(((TreeMap<String, Double>) value).put(name, score) == null);
                }
                default -> growList((ArrayList<String>) value, name);
            }
        }
    }

    private void growList(ArrayList<String> value, String name) {
        int choice = random.nextInt(4);
        if (choice < 2 || value.isEmpty()) {
            list.push(element(name), choice == 0);
            value.add(choice == 0 ? 0 : value.size(), name);
            return;
        }
        int index = random.nextInt(value.size());
        assertThat(list.seek(index)).isTrue();
        if (choice == 2) {
            list.set(element(name));
            value.set(index, name);
        } else {
            list.insert(element(name), true);
            value.add(index + 1, name);
        }
    }

    @SuppressWarnings("unchecked")
    private void shrink(Object value) {
        for (int i = some(); i > 0 && !isEmpty(value); i--) {
            switch (Encoding.type(entry.encoding())) {
                case SET -> {
                    String name = nameIn((TreeSet<String>) value);
                    assertThat(set.remove(element(name))).isEqualTo(((TreeSet<String>) value).remove(name));
                }
                case HASH -> {
                    String name = nameIn(((TreeMap<String, String>) value).navigableKeySet());
                    assertThat(hash.remove(element(name)))
                            .isEqualTo(((TreeMap<String, String>) value).remove(name) != null);
                }
                case ZSET -> {
                    String name = nameIn(((TreeMap<String, Double>) value).navigableKeySet());
                    assertThat(sorted.remove(element(name)))
                            .isEqualTo(((TreeMap<String, Double>) value).remove(name) != null);
                }
                default -> shrinkList((ArrayList<String>) value);
            }
        }
    }

    private void shrinkList(ArrayList<String> value) {
        if (random.nextBoolean()) {
            boolean atHead = random.nextBoolean();
            list.removeAtEnd(1, atHead);
            value.remove(atHead ? 0 : value.size() - 1);
        } else {
            String wanted = value.get(random.nextInt(value.size()));
            boolean isBackwards = random.nextBoolean();
            int most = 1 + random.nextInt(3);
            int removed = 0;
            while (removed < most && value.contains(wanted)) {
                value.remove(isBackwards ? value.lastIndexOf(wanted) : value.indexOf(wanted));
                removed++;
            }
            assertThat(list.removeEqual(element(wanted), most, isBackwards)).isEqualTo(removed);
        }
    }

    private static boolean isEmpty(Object value) {
        return value instanceof Collection<?> some ? some.isEmpty() : value instanceof Map<?, ?> map && map.isEmpty();
    }

    /** Mostly a name that is there. */
    private String nameIn(java.util.NavigableSet<String> names) {
        String name = name();
        String there = random.nextInt(4) == 0 ? null : names.ceiling(name);
        return there == null ? name : there;
    }

    private String name() {
        int number = random.nextInt(400);
        return switch (number % 4) {
            case 0, 1 -> Integer.toString(number * 99 - 4_000);
            case 2 -> "name" + number;
            default -> number % 97 == 3 ? "long".repeat(300) + number : "x".repeat(number % 60) + number;
        };
    }

    // ---- Comparing ----

    private void requireSame() {
        Map<String, Held> content = new HashMap<>();
        var value = new Value();
        keyspace.forEach(0, new Entry(), found -> {
            found.show(value);
            String key = text(found.keyBuffer(), found.keyStart(), found.keyLength());
            content.put(key, new Held(contentOf(value), found.expiryMillis()));
        });
        requireSame(content, model);
    }

    /** As an assertion on the maps, whose message would have megabytes. */
    private static void requireSame(Map<String, Held> content, Map<String, Held> expected) {
        assertThat(content.keySet()).isEqualTo(expected.keySet());
        content.forEach((key, held) -> assertThat(held.equals(expected.get(key)))
                .as(key + " " + held.value().getClass())
                .isTrue());
    }

    private static Map<String, Held> contentOf(KeyspaceSnapshot snapshot) throws IOException {
        Map<String, Held> content = new HashMap<>();
        snapshot.accept(new KeyspaceSnapshot.Visitor() {
            @Override
            public void database(int database, long keyCount, long expiryCount) {
                assertThat(database).isZero();
            }

            @Override
            public void value(byte[] key, int keyOffset, int keyLength, Value value, long expiryMillis) {
                content.put(text(key, keyOffset, keyLength), new Held(contentOf(value), expiryMillis));
            }
        });
        return content;
    }

    private static Object contentOf(Value value) {
        var collector = new Collector();
        value.sendTo(collector);
        return Objects.requireNonNull(collector.value);
    }

    private Map<String, Held> copyOfModel() {
        Map<String, Held> copy = new HashMap<>();
        model.forEach((key, held) -> copy.put(key, new Held(copy(held.value()), held.expiryMillis())));
        return copy;
    }

    private static Object copy(Object value) {
        return switch (value) {
            case TreeSet<?> names -> new TreeSet<>(names);
            case TreeMap<?, ?> pairs -> new TreeMap<>(pairs);
            case List<?> elements -> new ArrayList<>(elements);
            default -> value;
        };
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String text(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }

    private static String text(Element element) {
        return text(element.buffer(), element.offset(), element.length());
    }

    private static Element element(String text) {
        var element = new Element();
        byte[] bytes = bytes(text);
        element.set(bytes, 0, bytes.length);
        return element;
    }

    /** Makes a Java object of a value. */
    private static final class Collector implements ValueSink {
        private @Nullable Object value;
        private long expected;

        private Collection<String> elements = new ArrayList<>();
        private final Map<String, String> fields = new TreeMap<>();
        private final Map<String, Double> scores = new TreeMap<>();

        @Override
        public void string(byte[] bytes, int offset, int length) {
            value = text(bytes, offset, length);
        }

        @Override
        public void set(long count) {
            elements = new TreeSet<>();
            value = elements;
            expected = count;
        }

        @Override
        public void list(long count) {
            value = elements;
            expected = count;
        }

        @Override
        public void hash(long count) {
            value = fields;
            expected = count;
        }

        @Override
        public void sortedSet(long count) {
            value = scores;
            expected = count;
        }

        @Override
        public StreamSink stream(long blocks) {
            throw new AssertionError("no stream");
        }

        @Override
        public boolean element(Element element) {
            return count(elements.add(text(element)), elements.size());
        }

        @Override
        public boolean field(Element field, Element content, long expiryMillis) {
            return count(fields.put(text(field), text(content)) == null, fields.size());
        }

        @Override
        public boolean scored(double score, Element member) {
            return count(scores.put(text(member), score) == null, scores.size());
        }

        private boolean count(boolean isNew, int size) {
            assertThat(isNew).isTrue();
            assertThat((long) size).isLessThanOrEqualTo(expected);
            return true;
        }
    }
}

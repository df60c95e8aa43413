package io.redoubt.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.log.EffectStream;
import io.redoubt.memory.Table;
import io.redoubt.type.Element;
import io.redoubt.type.Encoding;
import io.redoubt.type.HashValue;
import io.redoubt.type.StreamSink;
import io.redoubt.type.ValueSink;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random changes of hashes whose fields expire, to the keyspace and to Java's maps, with a clock that the test drives,
 * while snapshots must go on showing what was there.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FieldExpiryModelTest {
    private static final int SHARDS = 2;

    /** A value, and when its field expires. */
    private record Timed(String value, long expiryMillis) {}

    private final Keyspace keyspace =
            new Keyspace(new Keyspace.Layout(1, SHARDS, 2, 1 << 16), 1, 2, new EffectStream());
    private final Unit unit = keyspace.unit(0);
    private final Map<String, TreeMap<String, Timed>> model = new HashMap<>();
    private final Entry entry = new Entry();
    private final HashValue hash = new HashValue();
    private final Element field = new Element();
    private final Element value = new Element();
    private SplittableRandom random = new SplittableRandom(0);
    private long now = 1_000;
    private int fields;

    FieldExpiryModelTest() {
        for (int i = 0; i < SHARDS; i++) {
            for (var partition : keyspace.shard(i).databases) {
                partition.arena.setPoisoning(true);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}, {1} fields, {2} steps")
    @CsvSource({"1, 5, 3000", "2, 40, 3000", "3, 300, 3000", "4, 300, 3000", "5, 6000, 64"})
    void fields_go_when_they_have_expired_and_snapshots_keep_them(long seed, int fieldCount, int steps)
            throws IOException {
        random = new SplittableRandom(seed);
        fields = fieldCount;
        for (int round = 0; round < 4; round++) {
            var snapshot = Objects.requireNonNull(keyspace.beginSnapshot());
            long frozenAt = now;
            var expected = shown();
            assertThat(snapshot.expiresFields() || !anyExpires(expected)).isTrue();
            change(steps / 8);
            var content = contentOf(snapshot);
            content.values().forEach(map -> map.values().removeIf(timed -> isOver(timed, frozenAt)));
            content.values().removeIf(Map::isEmpty);
            assertThat(content).isEqualTo(expected);
            keyspace.endSnapshot();
            change(steps / 8);
        }
        expireEverything();
    }

    private void change(int steps) {
        for (int i = 0; i < steps; i++) {
            now += random.nextInt(4) == 0 ? random.nextInt(60) : 0;
            unit.begin(now, false);
            step("key" + random.nextInt(6));
            unit.end();
            if (random.nextInt(8) == 0) {
                keyspace.expireSomeFields(unit, random.nextInt(SHARDS), 0, 1 + random.nextInt(5), now);
            }
            if (i % 50 == 0) {
                keyspace.checkInvariants();
            }
        }
        requireSame();
    }

    private boolean find(String key) {
        byte[] name = bytes(key);
        return keyspace.find(unit, 0, name, 0, name.length, entry);
    }

    private void step(String key) {
        var map = model.getOrDefault(key, new TreeMap<>());
        boolean isThere = find(key);
        map.values().removeIf(timed -> isOver(timed, now));
        if (!isThere) {
            assertThat(map).as(key).isEmpty();
        }
        byte[] name = bytes(key);
        int choice = random.nextInt(40);
        if (!isThere) {
            keyspace.create(unit, 0, name, 0, name.length, Encoding.RAW, 0, entry);
            hash.bindNew(entry);
            put(map, "f0");
            model.put(key, map);
            return;
        }
        if (choice == 0) {
            keyspace.delete(unit, 0, name, 0, name.length, entry);
            model.remove(key);
        } else if (choice < 3) {
            String other = "key" + random.nextInt(6);
            if (!other.equals(key)) {
                byte[] target = bytes(other);
                if (choice == 1) {
                    keyspace.copy(unit, entry, 0, target, 0, target.length);
                } else {
                    keyspace.move(unit, entry, 0, target, 0, target.length);
                    model.remove(key);
                }
                model.put(other, new TreeMap<>(map));
            }
        } else {
            hash.bind(entry);
            for (int i = fields > 1000 ? 400 : 1 + random.nextInt(3); i > 0; i--) {
                changeField(map);
            }
            if (hash.isEmpty()) {
                keyspace.delete(unit, 0, name, 0, name.length, entry);
                model.remove(key);
            }
        }
    }

    private void changeField(TreeMap<String, Timed> map) {
        String name = "f" + random.nextInt(fields);
        var held = map.get(name);
        set(field, name);
        switch (random.nextInt(10)) {
            case 0 -> {
                assertThat(hash.remove(field)).isEqualTo(held != null);
                map.remove(name);
            }
            case 1, 2, 3 -> put(map, name);
            case 4 -> {
                String text = text();
                set(value, text);
                assertThat(hash.putKeepingExpiry(field, value)).isEqualTo(held == null);
                map.put(name, new Timed(text, held == null ? Table.NO_EXPIRY : held.expiryMillis()));
            }
            case 5 -> {
                assertThat(hash.dropExpired(field) && held != null).isFalse();
                requireField(name, held);
            }
            default -> {
                requireField(name, held);
                if (held != null) {
                    long millis = random.nextInt(5) == 0 ? Table.NO_EXPIRY : now + 1 + random.nextInt(3000);
                    set(field, name);
                    hash.setExpiry(field, millis);
                    map.put(name, new Timed(held.value(), millis));
                }
            }
        }
    }

    private void put(TreeMap<String, Timed> map, String name) {
        String text = text();
        set(field, name);
        set(value, text);
        assertThat(hash.put(field, value)).isEqualTo(!map.containsKey(name));
        map.put(name, new Timed(text, Table.NO_EXPIRY));
    }

    private void requireField(String name, @org.jspecify.annotations.Nullable Timed held) {
        set(field, name);
        assertThat(hash.contains(field)).isEqualTo(held != null);
        assertThat(hash.get(field, value)).isEqualTo(held != null);
        assertThat(hash.expiry(field)).isEqualTo(held == null ? Long.MIN_VALUE : held.expiryMillis());
        if (held != null) {
            assertThat(text(value)).isEqualTo(held.value());
        }
    }

    private String text() {
        return switch (random.nextInt(4)) {
            case 0 -> Integer.toString(random.nextInt(100_000));
            case 1 -> "v".repeat(random.nextInt(10) == 0 ? 100 : 20);
            default -> "v" + random.nextInt(99);
        };
    }

    private static boolean isOver(Timed timed, long now) {
        return timed.expiryMillis() != Table.NO_EXPIRY && timed.expiryMillis() <= now;
    }

    private static boolean anyExpires(Map<String, TreeMap<String, Timed>> content) {
        return content.values().stream()
                .anyMatch(map -> map.values().stream().anyMatch(timed -> timed.expiryMillis() != Table.NO_EXPIRY));
    }

    /** What the model shows now. */
    private Map<String, TreeMap<String, Timed>> shown() {
        var shown = new HashMap<String, TreeMap<String, Timed>>();
        model.forEach((key, map) -> {
            var copy = new TreeMap<>(map);
            copy.values().removeIf(timed -> isOver(timed, now));
            if (!copy.isEmpty()) {
                shown.put(key, copy);
            }
        });
        return shown;
    }

    private void requireSame() {
        unit.begin(now, false);
        var expected = shown();
        for (int i = 0; i < 6; i++) {
            String key = "key" + i;
            var map = expected.getOrDefault(key, new TreeMap<>());
            var found = new TreeMap<String, String>();
            var scanned = new TreeMap<String, String>();
            if (find(key)) {
                hash.bind(entry).rewind();
                while (hash.next(field, value)) {
                    found.put(text(field), text(value));
                }
                assertThat(hash.shownCount()).isEqualTo(map.size());
                assertThat(hash.count()).isGreaterThanOrEqualTo(map.size());
                assertThat(hash.random(random, field, value)).isEqualTo(!map.isEmpty());
                if (!map.isEmpty()) {
                    assertThat(map).containsKey(text(field));
                }
                long cursor = 0;
                do {
                    cursor = hash.scan(cursor, 10, (name, content) -> scanned.put(text(name), text(content)));
                } while (cursor != 0);
            }
            var values = new TreeMap<String, String>();
            map.forEach((name, timed) -> values.put(name, timed.value()));
            assertThat(found).as(key).isEqualTo(values);
            assertThat(scanned).as(key).isEqualTo(values);
        }
        unit.end();
        keyspace.checkInvariants();
    }

    private void expireEverything() {
        now += 10_000;
        for (int i = 0; i < 2_000; i++) {
            for (int shard = 0; shard < SHARDS; shard++) {
                keyspace.expireSomeFields(unit, shard, 0, 10, now);
            }
        }
        assertThat(keyspace.fieldExpiryCount(0)).isZero();
        model.values().forEach(map -> map.values().removeIf(timed -> isOver(timed, now)));
        model.values().removeIf(Map::isEmpty);
        assertThat(keyspace.size(0)).isEqualTo(model.size());
        requireSame();
        for (var key : List.copyOf(model.keySet())) {
            unit.begin(now, false);
            byte[] name = bytes(key);
            assertThat(keyspace.delete(unit, 0, name, 0, name.length, entry)).isTrue();
            unit.end();
        }
        for (int shard = 0; shard < SHARDS; shard++) {
            while (keyspace.reclaimSome(shard, 1_000)) {
                keyspace.checkInvariants();
            }
            assertThat(keyspace.shard(shard).databases[0].arena.usedBytes()).isZero();
        }
    }

    private static Map<String, TreeMap<String, Timed>> contentOf(KeyspaceSnapshot snapshot) throws IOException {
        var content = new HashMap<String, TreeMap<String, Timed>>();
        snapshot.accept(new KeyspaceSnapshot.Visitor() {
            @Override
            public void database(int database, long keyCount, long expiryCount) {}

            @Override
            public void value(byte[] key, int offset, int length, io.redoubt.type.Value shown, long expiryMillis) {
                var map = new TreeMap<String, Timed>();
                shown.sendTo(new Fields(map));
                long first = map.values().stream()
                        .mapToLong(Timed::expiryMillis)
                        .filter(millis -> millis != Table.NO_EXPIRY)
                        .min()
                        .orElse(Table.NO_EXPIRY);
                assertThat(shown.firstFieldExpiry()).isEqualTo(first);
                content.put(new String(key, offset, length, StandardCharsets.UTF_8), map);
            }
        });
        return content;
    }

    private record Fields(TreeMap<String, Timed> map) implements ValueSink {
        @Override
        public void string(byte[] bytes, int offset, int length) {
            throw new AssertionError("a string");
        }

        @Override
        public void set(long count) {
            throw new AssertionError("a set");
        }

        @Override
        public void list(long count) {
            throw new AssertionError("a list");
        }

        @Override
        public void hash(long count) {
            // The fields follow.
        }

        @Override
        public void sortedSet(long count) {
            throw new AssertionError("a sorted set");
        }

        @Override
        public StreamSink stream(long blocks) {
            throw new AssertionError("a stream");
        }

        @Override
        public boolean element(Element element) {
            throw new AssertionError("an element");
        }

        @Override
        public boolean field(Element name, Element content, long expiryMillis) {
            return map.put(text(name), new Timed(text(content), expiryMillis)) == null;
        }

        @Override
        public boolean scored(double score, Element member) {
            throw new AssertionError("a score");
        }
    }

    private static void set(Element element, String text) {
        byte[] bytes = bytes(text);
        element.set(bytes, 0, bytes.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(Element element) {
        return new String(element.toBytes(), StandardCharsets.UTF_8);
    }
}

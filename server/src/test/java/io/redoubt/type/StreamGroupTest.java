package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.memory.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StreamGroupTest {
    /** A group as maps: who has what, since when and how often. */
    private static final class Model {
        final TreeMap<String, Long> seen = new TreeMap<>();
        final TreeMap<Long, Pending> pending = new TreeMap<>();

        Model copy() {
            var copy = new Model();
            copy.seen.putAll(seen);
            copy.pending.putAll(pending);
            return copy;
        }

        List<String> text(String name) {
            var text = new ArrayList<String>();
            text.add("group " + name);
            pending.forEach((id, entry) -> text.add(id + " " + entry.time + " " + entry.deliveries));
            seen.forEach((consumer, time) -> {
                text.add("consumer " + consumer + " " + time);
                pending.forEach((id, entry) -> {
                    if (entry.owner.equals(consumer)) {
                        text.add("has " + id);
                    }
                });
            });
            text.add("end");
            return text;
        }
    }

    private record Pending(String owner, long time, long deliveries) {}

    /** What a stream sends, as text. */
    private static final class Text implements StreamSink {
        final List<String> lines = new ArrayList<>();

        @Override
        public boolean block(long ms, long seq, byte[] buffer, int start, int length) {
            return true;
        }

        @Override
        public boolean state(State state) {
            return true;
        }

        @Override
        public boolean group(byte[] buffer, int from, int length, GroupState state) {
            return lines.add("group " + new String(buffer, from, length, StandardCharsets.ISO_8859_1));
        }

        @Override
        public boolean pending(long ms, long seq, long deliveryMillis, long deliveries) {
            return lines.add(ms + " " + deliveryMillis + " " + deliveries);
        }

        @Override
        public boolean consumer(byte[] buffer, int from, int length, long seenMillis, long pendingCount) {
            String name = new String(buffer, from, length, StandardCharsets.ISO_8859_1);
            return lines.add("consumer " + name + " " + seenMillis);
        }

        @Override
        public boolean owned(long ms, long seq) {
            return lines.add("has " + ms);
        }

        @Override
        public boolean endGroup() {
            return lines.add("end");
        }
    }

    private final Arena arena = new Arena(1 << 16);
    private final StreamId id = new StreamId();
    private Stream stream = new Stream(arena);

    StreamGroupTest() {
        arena.setPoisoning(true);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static List<String> sent(Stream stream, Arena arena) {
        var text = new Text();
        for (int i = 0; i < stream.groupCount(); i++) {
            stream.groupAt(i).sendTo(arena.chunks(), text);
        }
        return text.lines;
    }

    private static List<String> text(TreeMap<String, Model> models) {
        var text = new ArrayList<String>();
        models.forEach((name, model) -> text.addAll(model.text(name)));
        return text;
    }

    private static TreeMap<String, Model> copy(TreeMap<String, Model> models) {
        var copy = new TreeMap<String, Model>();
        models.forEach((name, model) -> copy.put(name, model.copy()));
        return copy;
    }

    private StreamGroup group(String name) {
        byte[] bytes = bytes(name);
        var group = stream.writableGroup(bytes, 0, bytes.length);
        return group == null ? added(name) : group;
    }

    private StreamGroup added(String name) {
        byte[] bytes = bytes(name);
        var group = stream.addGroup(bytes, 0, bytes.length);
        assertThat(group).isNotNull();
        assertThat(stream.addGroup(bytes, 0, bytes.length)).isNull();
        if (group == null) {
            throw new AssertionError(name);
        }
        return group;
    }

    private static int consumer(StreamGroup group, String name) {
        return group.consumer(bytes(name), 0, name.length());
    }

    private static void step(StreamGroup group, Model model, SplittableRandom random, StreamId id, int step) {
        String name = "c".repeat(random.nextInt(1, 4)) + random.nextInt(4);
        int consumer = consumer(group, name);
        assertThat(consumer >= 0).isEqualTo(model.seen.containsKey(name));
        long ms = random.nextInt(900);
        id.set(ms, 1);
        switch (random.nextInt(20)) {
            case 0 -> {
                if (consumer >= 0) {
                    assertThat((long) group.pendingCount(consumer))
                            .isEqualTo(model.pending.values().stream()
                                    .filter(entry -> entry.owner.equals(name))
                                    .count());
                    freeAll(group.removeConsumer(consumer));
                    model.seen.remove(name);
                    model.pending.values().removeIf(entry -> entry.owner.equals(name));
                }
            }
            case 1, 2, 3, 4, 5, 6 -> {
                assertThat(group.acknowledge(id)).isEqualTo(model.pending.remove(ms) != null);
            }
            default -> {
                if (consumer < 0) {
                    consumer = group.addConsumer(bytes(name), 0, name.length(), step);
                } else {
                    group.seen(consumer, step);
                }
                model.seen.put(name, (long) step);
                group.give(id, consumer, step, random.nextInt(5));
                int entry = group.find(id);
                model.pending.put(ms, new Pending(name, step, group.deliveries(entry)));
                assertThat(group.owner(entry)).isEqualTo(consumer);
            }
        }
    }

    private static void freeAll(@Nullable Freeable removed) {
        for (long position = removed == null ? -1 : 0; removed != null && position >= 0; ) {
            position = removed.freeSome(position, 7);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void does_what_maps_do_and_shows_a_snapshot_what_was_there(long seed) {
        var random = new SplittableRandom(seed);
        var models = new TreeMap<String, Model>();
        @Nullable Stream frozen = null;
        List<String> frozenText = List.of();
        for (int step = 1; step < 6000; step++) {
            String name = "g" + random.nextInt(3);
            if (random.nextInt(300) == 0) {
                byte[] bytes = bytes(name);
                var removed = stream.removeGroup(bytes, 0, bytes.length);
                assertThat(removed != null).isEqualTo(models.remove(name) != null);
                freeAll(removed);
            } else if (random.nextInt(200) == 0) {
                if (frozen == null) {
                    arena.beginSnapshot();
                    frozen = stream;
                    frozenText = text(copy(models));
                    stream = stream.fork();
                } else {
                    assertThat(sent(frozen, arena)).isEqualTo(frozenText);
                    frozen = null;
                    arena.endSnapshot();
                    arena.reclaim(Integer.MAX_VALUE);
                }
            } else {
                step(group(name), models.computeIfAbsent(name, _ -> new Model()), random, id, step);
            }
            arena.endUnit();
            if (step % 100 == 0) {
                stream.checkInvariants();
                assertThat(sent(stream, arena)).isEqualTo(text(models));
            }
        }
        if (frozen != null) {
            assertThat(sent(frozen, arena)).isEqualTo(frozenText);
            arena.endSnapshot();
            arena.reclaim(Integer.MAX_VALUE);
        }
        freeAll();
    }

    private void freeAll() {
        for (long at = 0; at >= 0; ) {
            at = stream.freeSome(at, 7);
            arena.endUnit();
        }
        assertThat(arena.usedBytes()).isZero();
        arena.checkInvariants();
    }

    @Test
    void takes_little_memory_for_a_pending_entry() {
        var group = group("g");
        int consumer = group.addConsumer(bytes("c"), 0, 1, 1);
        long before = arena.usedBytes();
        for (int i = 0; i < 10_000; i++) {
            id.set(1, i);
            group.give(id, consumer, 1, 1);
            arena.endUnit();
        }
        // redis-server takes 82 bytes for IDs that follow each other, and more for others.
        assertThat((arena.usedBytes() - before) / 10_000).isLessThan(52);
        freeAll();
    }

    @Test
    void a_damaged_group_is_refused() {
        var loader = stream.loader();
        var state = new StreamSink.GroupState(1, 1, 1);
        assertThat(loader.group(bytes("g"), 0, 1, state)).isTrue();
        assertThat(loader.group(bytes("g"), 0, 1, state)).isFalse();
        assertThat(loader.group(bytes("h"), 0, 1, state)).isTrue();
        loader.pendingEntries(2);
        assertThat(loader.pending(1, 1, 5, 1)).isTrue();
        assertThat(loader.pending(1, 1, 5, 1)).isFalse();
        assertThat(loader.pending(2, 1, 5, 1)).isTrue();
        assertThat(loader.owned(1, 1)).isFalse();
        assertThat(loader.consumer(bytes("c"), 0, 1, 5, 1)).isTrue();
        assertThat(loader.consumer(bytes("c"), 0, 1, 5, 1)).isFalse();
        assertThat(loader.owned(3, 1)).isFalse();
        assertThat(loader.owned(1, 1)).isTrue();
        assertThat(loader.owned(1, 1)).isFalse();
        assertThat(loader.endGroup()).isFalse();
        arena.endUnit();
        freeAll();
    }
}

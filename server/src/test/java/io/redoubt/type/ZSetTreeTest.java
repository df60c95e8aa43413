package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.memory.Arena;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ZSetTreeTest {
    private static Element element(String text) {
        var element = new Element();
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        element.set(bytes, 0, bytes.length);
        return element;
    }

    /** Collects members and scores. */
    private static Map<String, Double> content(ZSetTree tree, byte[][] chunks) {
        Map<String, Double> content = new HashMap<>();
        tree.sendTo(chunks, new Collector(content));
        return content;
    }

    private record Collector(Map<String, Double> content) implements ValueSink {
        @Override
        public void string(byte[] bytes, int offset, int length) {
            throw new AssertionError("no string");
        }

        @Override
        public void set(long count) {
            throw new AssertionError("no set");
        }

        @Override
        public void list(long count) {
            throw new AssertionError("no list");
        }

        @Override
        public void hash(long count) {
            throw new AssertionError("no hash");
        }

        @Override
        public void sortedSet(long count) {
            assertThat(content).isEmpty();
        }

        @Override
        public StreamSink stream(long blocks) {
            throw new AssertionError("no stream");
        }

        @Override
        public boolean element(Element element) {
            throw new AssertionError("no element");
        }

        @Override
        public boolean field(Element field, Element value, long expiryMillis) {
            throw new AssertionError("no field");
        }

        @Override
        public boolean scored(double score, Element member) {
            return content.put(new String(member.toBytes(), StandardCharsets.ISO_8859_1), score) == null;
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void does_what_a_map_does_and_shows_a_snapshot_what_was_there(long seed) {
        var random = new SplittableRandom(seed);
        var arena = new Arena(1 << 16);
        arena.setPoisoning(true);
        var tree = new ZSetTree(arena);
        Map<String, Double> model = new HashMap<>();
        List<String> members = new ArrayList<>();
        for (int i = 0; i < 700; i++) {
            members.add(i % 3 == 0 ? "" + i : "member:" + "x".repeat(i % 40) + i);
        }
        for (int round = 0; round < 6; round++) {
            arena.beginSnapshot();
            var frozen = tree;
            var frozenModel = Map.copyOf(model);
            tree = frozen.fork();
            for (int step = 0; step < 2_000; step++) {
                String text = members.get(random.nextInt(members.size()));
                var member = element(text);
                int hash = text.hashCode() * 0x9E3779B9;
                double score = random.nextInt(50);
                if (random.nextInt(3) == 0) {
                    assertThat(tree.remove(hash, member)).isEqualTo(model.remove(text) != null);
                } else if (model.put(text, score) == null) {
                    tree.add(hash, score, member);
                } else {
                    tree.rescore(hash, score, member);
                }
                arena.endUnit();
            }
            tree.checkOrder();
            assertThat(content(tree, arena.chunks())).isEqualTo(model);
            assertThat(content(frozen, arena.chunks())).isEqualTo(frozenModel);
            arena.endSnapshot();
            arena.reclaim(Integer.MAX_VALUE);
        }
        long position = 0;
        while (position >= 0) {
            position = tree.freeSome(position, 7);
            arena.endUnit();
        }
        assertThat(arena.usedBytes()).isZero();
        arena.checkInvariants();
    }
}

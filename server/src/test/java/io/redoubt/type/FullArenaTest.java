package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.memory.Arena;
import io.redoubt.memory.ArenaFullException;
import io.redoubt.memory.HeapBudget;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Random changes of one value in an arena that is often full, to the value and to Java's collections: what fails leaves
 * the value as it was, a snapshot shows what was there, what removes does not fail, and nothing leaks.
 */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FullArenaTest {
    private static final int STEPS = 1_500;

    private final AtomicLong left = new AtomicLong(1 << 20);
    private final HeapBudget heap = new HeapBudget(1 << 20);
    private final Arena arena = new Arena(4096, heap);
    private final Thresholds thresholds = new Thresholds();
    private SplittableRandom random = new SplittableRandom(0);
    private boolean isFrozen;
    private int failures;

    /** A value and its model. */
    private abstract static class Subject {
        final ArenaHome home;

        Subject(ArenaHome home) {
            this.home = home;
        }

        abstract void grow();

        /** Removes something; the value is not empty. */
        abstract void shrink();

        abstract List<String> model();

        abstract void checkInvariants();
    }

    @ParameterizedTest(name = "{0}, seed {1}")
    @CsvSource({
        "list, 1", "list, 2", "list, 3", "list, 4", "hash, 1", "hash, 2", "set, 1", "set, 2", "zset, 1", "zset, 2",
        "zset, 3"
    })
    void changes_happen_as_a_whole_or_not_at_all(String type, long seed) {
        random = new SplittableRandom(seed * 31 + type.hashCode());
        arena.setPoisoning(true);
        heap.measureBy(left::get, 0);
        thresholds.listBlock = new int[] {-1, 1, 3, 40}[random.nextInt(4)];
        var home = new ArenaHome(arena, thresholds);
        Subject subject = switch (type) {
            case "list" -> new ListSubject(home);
            case "hash" -> new HashSubject(home);
            case "set" -> new SetSubject(home);
            default -> new SortedSubject(home);
        };
        for (int round = 0; round < 6; round++) {
            isFrozen = round % 2 == 1;
            var frozenModel = List.<String>of();
            var frozen = new Value();
            if (isFrozen) {
                arena.beginSnapshot();
                frozen = home.share();
                frozenModel = subject.model();
            }
            for (int step = 0; step < STEPS; step++) {
                left.set(random.nextInt(round == 0 ? 20 : 300) == 0 ? 50_000 : 0);
                heap.measure();
                step(subject, round);
                arena.endUnit();
            }
            assertThat(content(home.share())).isEqualTo(subject.model());
            subject.checkInvariants();
            arena.checkInvariants();
            if (isFrozen) {
                assertThat(content(frozen)).isEqualTo(frozenModel);
                arena.endSnapshot();
                arena.reclaim(Integer.MAX_VALUE);
            }
        }
        assertThat(failures).isGreaterThan(20);
        home.free();
        arena.endUnit();
        assertThat(arena.usedBytes()).isZero();
        arena.checkInvariants();
    }

    private void step(Subject subject, int round) {
        boolean grows = subject.model().isEmpty() || random.nextInt(10) < (round % 3 == 2 ? 4 : 7);
        var before = subject.model();
        try {
            if (grows) {
                subject.grow();
            } else {
                subject.shrink();
            }
        } catch (ArenaFullException full) {
            failures++;
            // Only a snapshot, which makes copies necessary, lets a removal fail.
            assertThat(grows || isFrozen).isTrue();
            assertThat(subject.model()).isEqualTo(before);
            assertThat(content(subject.home.share())).isEqualTo(before);
            subject.checkInvariants();
        }
    }

    private static Element element(String text) {
        var element = new Element();
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        element.set(bytes, 0, bytes.length);
        return element;
    }

    private String word(int range) {
        int number = random.nextInt(range);
        return number % 3 == 0 ? "" + number : number % 3 == 1 ? "word" + number : "x".repeat(number % 200) + number;
    }

    // ---- Lists ----

    private final class ListSubject extends Subject {
        private final List<String> model = new ArrayList<>();
        private final ListValue list = new ListValue();

        ListSubject(ArenaHome home) {
            super(home);
            list.bindNew(home);
        }

        @Override
        void grow() {
            String word = word(60);
            switch (model.isEmpty() ? 0 : random.nextInt(4)) {
                case 0, 1 -> {
                    boolean atHead = random.nextBoolean();
                    list.push(element(word), atHead);
                    model.add(atHead ? 0 : model.size(), word);
                }
                case 2 -> {
                    int index = random.nextInt(model.size());
                    boolean isBehind = random.nextBoolean();
                    assertThat(list.seek(index)).isTrue();
                    list.insert(element(word), isBehind);
                    model.add(isBehind ? index + 1 : index, word);
                }
                default -> {
                    int index = random.nextInt(model.size());
                    assertThat(list.seek(index - (random.nextBoolean() ? model.size() : 0)))
                            .isTrue();
                    list.set(element(word));
                    model.set(index, word);
                }
            }
        }

        @Override
        void shrink() {
            if (random.nextInt(3) > 0) {
                boolean atHead = random.nextBoolean();
                list.removeAtEnd(1, atHead);
                model.remove(atHead ? 0 : model.size() - 1);
                return;
            }
            boolean isBackwards = random.nextBoolean();
            String word = random.nextInt(4) == 0 ? word(60) : model.get(random.nextInt(model.size()));
            int index = isBackwards ? model.lastIndexOf(word) : model.indexOf(word);
            list.seek(isBackwards ? -1 : 0);
            long passed = index < 0 ? -1 : isBackwards ? model.size() - 1 - index : index;
            assertThat(Math.max(-1, list.find(element(word), isBackwards, model.size())))
                    .isEqualTo(passed);
            assertThat(list.removeEqual(element(word), 1, isBackwards)).isEqualTo(index < 0 ? 0 : 1);
            if (index >= 0) {
                model.remove(index);
            }
        }

        @Override
        List<String> model() {
            return List.copyOf(model);
        }

        @Override
        void checkInvariants() {
            if (home.encoding() == Encoding.LIST_BLOCKS) {
                ((ListBlocks) home.large()).checkInvariants();
            }
        }
    }

    // ---- Hashes ----

    private final class HashSubject extends Subject {
        private final TreeMap<String, String> model = new TreeMap<>();
        private final HashValue hash = new HashValue();

        HashSubject(ArenaHome home) {
            super(home);
            hash.bindNew(home);
        }

        @Override
        void grow() {
            String field = word(400);
            String value = word(150);
            boolean isNew = hash.put(element(field), element(value));
            assertThat(model.put(field, value) == null).isEqualTo(isNew);
        }

        @Override
        void shrink() {
            String field = nameIn(model);
            boolean isThere = hash.remove(element(field));
            assertThat(model.remove(field) != null).isEqualTo(isThere);
        }

        @Override
        List<String> model() {
            return model.entrySet().stream()
                    .map(entry -> entry.getKey() + "=" + entry.getValue())
                    .sorted()
                    .toList();
        }

        @Override
        void checkInvariants() {
            if (home.encoding() == Encoding.HASH_TABLE) {
                ((HashTable) home.large()).checkInvariants();
            }
            for (var entry : model.entrySet()) {
                var value = new Element();
                assertThat(hash.get(element(entry.getKey()), value)).isTrue();
                assertThat(value.toBytes()).isEqualTo(entry.getValue().getBytes(StandardCharsets.ISO_8859_1));
            }
        }
    }

    private String nameIn(TreeMap<String, ?> model) {
        String there = model.ceilingKey(word(400));
        return there == null ? model.firstKey() : random.nextInt(8) == 0 ? word(400) : there;
    }

    // ---- Sets ----

    private final class SetSubject extends Subject {
        private final TreeMap<String, Boolean> model = new TreeMap<>();
        private final SetValue set = new SetValue();

        SetSubject(ArenaHome home) {
            super(home);
            set.bindNew(home);
        }

        @Override
        void grow() {
            String member = model.size() < 30 && random.nextInt(30) > 0 ? "" + random.nextInt(500) : word(400);
            boolean isNew = set.add(element(member));
            assertThat(model.put(member, true) == null).isEqualTo(isNew);
        }

        @Override
        void shrink() {
            String member = nameIn(model);
            boolean isThere = set.remove(element(member));
            assertThat(model.remove(member) != null).isEqualTo(isThere);
        }

        @Override
        List<String> model() {
            return List.copyOf(model.keySet());
        }

        @Override
        void checkInvariants() {
            if (home.encoding() == Encoding.SET_TABLE) {
                ((SetTable) home.large()).checkInvariants();
            }
            model.keySet()
                    .forEach(member -> assertThat(set.contains(element(member))).isTrue());
        }
    }

    // ---- Sorted sets ----

    private final class SortedSubject extends Subject {
        private final TreeMap<String, Double> model = new TreeMap<>();
        private final ZSetValue sorted = new ZSetValue();

        SortedSubject(ArenaHome home) {
            super(home);
            sorted.bindNew(home);
        }

        @Override
        void grow() {
            String member = model.isEmpty() || random.nextInt(3) == 0 ? word(900) : nameIn(model);
            double score = random.nextInt(3) == 0 ? random.nextInt(40) / 4.0 : random.nextInt(100_000);
            if (!Double.valueOf(score).equals(model.get(member))) {
                boolean isNew = sorted.put(score, element(member));
                assertThat(model.put(member, score) == null).isEqualTo(isNew);
            }
        }

        @Override
        void shrink() {
            if (random.nextInt(8) > 0) {
                String member = nameIn(model);
                boolean isThere = sorted.remove(element(member));
                assertThat(model.remove(member) != null).isEqualTo(isThere);
                return;
            }
            int from = random.nextInt(model.size());
            // More than one at a time may fail half-way where a snapshot makes copies necessary.
            int to = isFrozen ? from + 1 : Math.min(model.size(), from + 1 + random.nextInt(150));
            var gone = ordered().subList(from, to);
            sorted.removeRange(from, to);
            gone.forEach(model::remove);
        }

        private List<String> ordered() {
            var members = new ArrayList<>(model.keySet());
            members.sort(java.util.Comparator.comparingDouble((String member) -> model.get(member))
                    .thenComparing(java.util.Comparator.naturalOrder()));
            return members;
        }

        @Override
        List<String> model() {
            return model.entrySet().stream()
                    .map(entry -> entry.getKey() + "@" + entry.getValue())
                    .sorted()
                    .toList();
        }

        @Override
        void checkInvariants() {
            if (home.encoding() == Encoding.ZSET_TREE) {
                ((ZSetTree) home.large()).checkOrder();
            }
            var shown = new ArrayList<String>();
            var member = new Element();
            sorted.seek(0);
            while (sorted.next(member)) {
                shown.add(new String(member.toBytes(), StandardCharsets.ISO_8859_1));
            }
            assertThat(shown).isEqualTo(ordered());
        }
    }

    // ---- What a value shows ----

    /** The elements: of a list in order, else sorted. */
    private static List<String> content(Value value) {
        var sink = new Collector();
        value.sendTo(sink);
        if (!sink.isList) {
            sink.elements.sort(null);
        }
        return sink.elements;
    }

    private static final class Collector implements ValueSink {
        private final List<String> elements = new ArrayList<>();
        private boolean isList;

        private static String text(Element element) {
            return new String(element.toBytes(), StandardCharsets.ISO_8859_1);
        }

        @Override
        public void string(byte[] bytes, int offset, int length) {
            throw new AssertionError("no string");
        }

        @Override
        public void set(long count) {}

        @Override
        public void list(long count) {
            isList = true;
        }

        @Override
        public void hash(long count) {}

        @Override
        public void sortedSet(long count) {}

        @Override
        public StreamSink stream(long blocks) {
            throw new AssertionError("no stream");
        }

        @Override
        public boolean element(Element element) {
            return elements.add(text(element));
        }

        @Override
        public boolean field(Element field, Element value, long expiryMillis) {
            return elements.add(text(field) + "=" + text(value));
        }

        @Override
        public boolean scored(double score, Element member) {
            return elements.add(text(member) + "@" + score);
        }
    }
}

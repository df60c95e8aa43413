package io.redoubt.memory;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TableTest {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int RECORD_BYTES = 16;

    /** A table of longs: a record is a key of 8 bytes and a value of 8 bytes. */
    private static final class Longs extends Table {
        final SipHash hasher = new SipHash(1, 2);
        final byte[] buffer = new byte[8];
        final int hashMask;

        Longs(int segmentSlotsMax, int depthMax, int hashMask) {
            super(poisonedArena(), segmentSlotsMax, depthMax);
            this.hashMask = hashMask;
        }

        Longs() {
            this(4096, 20, -1);
        }

        @Override
        protected boolean matches(int handle, byte[] key, int offset, int length) {
            return keyAt(handle) == (long) LONG.get(key, offset);
        }

        int hash(long key) {
            LONG.set(buffer, 0, key);
            return (int) (hasher.hash(buffer, 0, 8) >>> 32) & hashMask;
        }

        int find(long key) {
            return find(hash(key), buffer, 0, 8);
        }

        long keyAt(int handle) {
            return (long) LONG.get(arena.chunk(handle), arena.offset(handle));
        }

        long valueAt(int handle) {
            return (long) LONG.get(arena.chunk(handle), arena.offset(handle) + 8);
        }

        int newRecord(long key, long value) {
            int handle = arena.allocate(RECORD_BYTES);
            LONG.set(arena.chunk(handle), arena.offset(handle), key);
            LONG.set(arena.chunk(handle), arena.offset(handle) + 8, value);
            return handle;
        }

        void put(long key, long value) {
            int old = find(key);
            if (old == 0) {
                insert(hash(key), newRecord(key, value));
            } else {
                replaceFound(newRecord(key, value));
                arena.free(old, RECORD_BYTES);
            }
        }

        void remove(long key) {
            int handle = find(key);
            if (handle != 0) {
                removeFound();
                arena.free(handle, RECORD_BYTES);
            }
        }

        private static Arena poisonedArena() {
            Arena arena = new Arena(1 << 20);
            arena.setPoisoning(true);
            return arena;
        }
    }

    private record Entry(long value, long expiryMillis) {}

    /** Does one random step on both. The number of keys swells and shrinks. */
    private static void step(SplittableRandom random, Longs table, Map<Long, Entry> model, int step, int keyCount) {
        long key = random.nextInt(keyCount);
        boolean grows = step / (2 * keyCount) % 2 == 0;
        Entry entry = model.get(key);
        switch (random.nextInt(10)) {
            case 0 -> {
                assertThat(table.find(key) != 0).isEqualTo(entry != null);
                if (entry != null) {
                    long expiry = random.nextBoolean() ? Table.NO_EXPIRY : random.nextInt(1_000);
                    table.setFoundExpiry(expiry);
                    model.put(key, new Entry(entry.value, expiry));
                }
            }
            case 1 -> {
                int handle = table.find(key);
                assertThat(handle == 0 ? null : new Entry(table.valueAt(handle), table.foundExpiry()))
                        .isEqualTo(entry);
            }
            case 2, 3, 4 -> put(table, model, key, step);
            case 5 -> table.fetch(new int[] {table.hash(key), table.hash(key + 1)}, 2); // Changes nothing.
            default -> {
                if (grows) {
                    put(table, model, key, step);
                } else {
                    table.remove(key);
                    model.remove(key);
                }
            }
        }
        table.arena.endUnit();
    }

    private static void put(Longs table, Map<Long, Entry> model, long key, long value) {
        table.put(key, value);
        Entry old = model.get(key);
        model.put(key, new Entry(value, old == null ? Table.NO_EXPIRY : old.expiryMillis));
    }

    private static Map<Long, Entry> content(Longs table) {
        Map<Long, Entry> content = new HashMap<>();
        long cursor = 0;
        do {
            cursor = table.scan(cursor, 50, (handle, expiry) -> {
                Entry twice = content.put(table.keyAt(handle), new Entry(table.valueAt(handle), expiry));
                assertThat(twice).isNull();
            });
        } while (cursor != 0);
        return content;
    }

    private static Map<Long, Entry> content(Longs table, Frozen frozen) {
        Map<Long, Entry> content = new HashMap<>();
        for (int i = 0; i < frozen.segmentCount(); i++) {
            long[] expiries = frozen.expiries(i);
            for (int j = 0; j < frozen.slots(i).length; j++) {
                int handle = Frozen.handle(frozen.slots(i)[j]);
                if (handle != 0) {
                    long expiry = expiries == null ? Table.NO_EXPIRY : expiries[j];
                    assertThat(content.put(table.keyAt(handle), new Entry(table.valueAt(handle), expiry)))
                            .isNull();
                }
            }
        }
        assertThat(frozen.entryCount()).isEqualTo(content.size());
        return content;
    }

    private static long expiringCount(Map<Long, Entry> model) {
        return model.values().stream()
                .filter(e -> e.expiryMillis != Table.NO_EXPIRY)
                .count();
    }

    @ParameterizedTest(name = "seed {0}, segments of {1}, depth {2}, hash mask {3}")
    @CsvSource({
        "1, 4096, 20, -1",
        "2, 16, 20, -1",
        "3, 64, 3, -1",
        "4, 32, 20, 0x80003007",
        "5, 4096, 20, 0",
        "6, 256, 0, -1"
    })
    void behaves_like_a_map(long seed, int segmentSlotsMax, int depthMax, String hashMask) {
        SplittableRandom random = new SplittableRandom(seed);
        int mask = Long.decode(hashMask).intValue();
        // All hashes equal: every probe walks every entry, so there are few.
        int keyCount = mask == 0 ? 100 : mask != -1 ? 500 : segmentSlotsMax == 4096 ? 8_000 : 2_000;
        Longs table = new Longs(segmentSlotsMax, Integer.min(depthMax, mask == -1 ? 20 : 6), mask);
        Map<Long, Entry> model = new HashMap<>();
        int stepCount = Math.min(8 * keyCount, 50_000);
        for (int step = 0; step < stepCount; step++) {
            step(random, table, model, step, keyCount);
            if (step % (stepCount / 12) == 0) {
                table.checkInvariants();
                assertThat(table.count()).isEqualTo(model.size());
                assertThat(table.expiryCount()).isEqualTo(expiringCount(model));
                assertThat(content(table)).isEqualTo(model);
            }
        }
        table.arena.checkInvariants();
        assertThat(table.arena.usedBytes()).isEqualTo((long) model.size() * RECORD_BYTES);
        for (long key : List.copyOf(model.keySet())) {
            table.remove(key);
            table.arena.endUnit();
        }
        table.checkInvariants();
        assertThat(table.count()).isZero();
        assertThat(table.expiryCount()).isZero();
        assertThat(table.arena.usedBytes()).isZero();
    }

    @Test
    void removing_all_entries_shrinks_the_table() {
        Longs table = new Longs();
        long empty = table.sizeInBytes();
        for (long key = 0; key < 20_000; key++) {
            table.put(key, key);
        }
        assertThat(table.sizeInBytes()).isGreaterThan(20_000 * 8);
        for (long key = 0; key < 20_000; key++) {
            table.remove(key);
        }
        table.checkInvariants();
        assertThat(table.sizeInBytes()).isLessThan(2 * empty);
    }

    @Test
    void clearing_forgets_everything() {
        Longs table = new Longs(16, 20, -1);
        for (long key = 0; key < 1_000; key++) {
            table.put(key, key);
            table.setFoundExpiry(5);
        }
        table.clear();
        table.checkInvariants();
        assertThat(table.count()).isZero();
        assertThat(table.expiryCount()).isZero();
        assertThat(table.find(7)).isZero();
        table.put(7, 8);
        assertThat(table.foundExpiry()).isEqualTo(Table.NO_EXPIRY);
        table.checkInvariants();
    }

    @Test
    void there_is_no_found_entry_after_a_miss_or_a_removal() {
        Longs table = new Longs();
        table.put(1, 1);
        assertThat(table.find(2)).isZero();
        assertThatIllegalStateException().isThrownBy(table::removeFound);
        table.find(1);
        table.removeFound();
        assertThatIllegalStateException().isThrownBy(table::foundExpiry);
        assertThatIllegalArgumentException().isThrownBy(() -> table.insert(1, 0));
    }

    @Test
    void an_entry_is_found_by_its_handle_until_it_has_another() {
        Longs table = new Longs();
        table.put(1, 1);
        int handle = table.find(1);
        assertThat(table.findHandle(table.hash(1), handle)).isTrue();
        table.setFoundExpiry(3);
        table.put(1, 2);
        assertThat(table.findHandle(table.hash(1), handle)).isFalse();
        table.find(1);
        assertThat(table.foundExpiry()).isEqualTo(3);
    }

    @Nested
    class Scan {
        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2, 3, 4, 5, 6})
        void shows_exactly_once_what_stays_while_the_table_grows_and_shrinks(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            Longs table = new Longs(seed % 2 == 0 ? 16 : 256, 20, -1);
            for (long key = 0; key < 1_000; key++) {
                table.put(key, key);
            }
            Map<Long, Integer> shown = new HashMap<>();
            long cursor = 0;
            long next = 1_000;
            boolean grows = seed % 3 == 0;
            do {
                cursor = table.scan(cursor, 7, (handle, _) -> shown.merge(table.keyAt(handle), 1, Integer::sum));
                int changes = random.nextInt(400);
                for (int i = 0; i < changes; i++) {
                    if (grows) {
                        table.put(next++, 0);
                    } else if (next > 1_000) {
                        table.remove(--next);
                    }
                }
                if (random.nextInt(10) == 0) {
                    grows = !grows && next < 20_000;
                }
                table.arena.endUnit();
            } while (cursor != 0);
            table.checkInvariants();
            for (long key = 0; key < 1_000; key++) {
                assertThat(shown.get(key)).as("key %d", key).isEqualTo(1);
            }
        }

        @Test
        void shows_about_as_many_as_wanted_and_a_small_table_at_once() {
            Longs table = new Longs();
            for (long key = 0; key < 10; key++) {
                table.put(key, key);
            }
            List<Integer> shown = new ArrayList<>();
            assertThat(table.scan(0, 10, (handle, _) -> shown.add(handle))).isZero();
            assertThat(shown).hasSize(10);
            for (long key = 0; key < 50_000; key++) {
                table.put(key, key);
            }
            long cursor = 0;
            int calls = 0;
            do {
                shown.clear();
                cursor = table.scan(cursor, 100, (handle, _) -> shown.add(handle));
                assertThat(shown).hasSizeLessThan(200);
                calls++;
            } while (cursor != 0);
            assertThat(calls).isBetween(450, 650);
        }

        @ParameterizedTest
        @ValueSource(longs = {-1, Long.MIN_VALUE, 1L << 32, Long.MAX_VALUE})
        void ends_at_once_for_a_cursor_that_never_was(long cursor) {
            Longs table = new Longs();
            table.put(1, 1);
            assertThat(table.scan(cursor, 10, (_, _) -> assertThat(true).isFalse()))
                    .isZero();
            assertThat(table.scan(0, Integer.MAX_VALUE, (_, _) -> {})).isZero();
        }
    }

    @Nested
    class RandomHandle {
        @ParameterizedTest(name = "segments of {0}")
        @ValueSource(ints = {16, 128, 4096})
        void draws_each_entry_equally_often(int segmentSlotsMax) {
            Longs table = new Longs(segmentSlotsMax, 20, -1);
            for (long key = 0; key < 1_000; key++) {
                table.put(key, key);
            }
            int[] drawn = new int[1_000];
            SplittableRandom random = new SplittableRandom(segmentSlotsMax);
            int draws = 200_000;
            for (int i = 0; i < draws; i++) {
                drawn[(int) table.keyAt(table.randomHandle(random))]++;
            }
            double expected = draws / 1_000.0;
            double chiSquare = IntStream.of(drawn)
                    .mapToDouble(n -> (n - expected) * (n - expected) / expected)
                    .sum();
            // 999 degrees of freedom: mean 999, deviation 45; six deviations are never met by chance.
            assertThat(chiSquare).isLessThan(1_270);
        }

        @Test
        void finds_the_only_entry_and_none_in_an_empty_table() {
            Longs table = new Longs(16, 20, -1);
            assertThat(table.randomHandle(new SplittableRandom(1))).isZero();
            for (long key = 0; key < 5_000; key++) {
                table.put(key, key);
            }
            for (long key = 1; key < 5_000; key++) {
                table.remove(key);
            }
            assertThat(table.keyAt(table.randomHandle(new SplittableRandom(1)))).isZero();
        }
    }

    @Nested
    class ExpireSlice {
        @ParameterizedTest(name = "segments of {0}")
        @ValueSource(ints = {16, 4096})
        void shows_every_entry_that_expires_once_per_round_in_bounded_slices(int segmentSlotsMax) {
            Longs table = new Longs(segmentSlotsMax, 20, -1);
            Set<Long> expiring = new HashSet<>();
            for (long key = 0; key < 10_000; key++) {
                table.put(key, key);
                if (key % 7 == 0) {
                    table.setFoundExpiry(key);
                    expiring.add(key);
                }
            }
            List<Long> shown = new ArrayList<>();
            long cursor = 0;
            do {
                int before = shown.size();
                cursor = table.expireSlice(cursor, 20, (handle, hash32, expiryMillis) -> {
                    assertThat(expiryMillis).isEqualTo(table.keyAt(handle));
                    assertThat(hash32).isEqualTo(table.hash(table.keyAt(handle)));
                    shown.add(expiryMillis);
                });
                assertThat(shown.size() - before).isLessThanOrEqualTo(20);
            } while (cursor != 0);
            assertThat(shown).doesNotHaveDuplicates();
            assertThat(shown.stream().collect(toSet())).isEqualTo(expiring);
        }

        @Test
        void removing_what_was_shown_empties_the_table() {
            Longs table = new Longs(64, 20, -1);
            for (long key = 0; key < 5_000; key++) {
                table.put(key, key);
                table.setFoundExpiry(1);
            }
            long cursor = 0;
            List<Long> due = new ArrayList<>();
            for (int round = 0; round < 100_000 && table.expiryCount() > 0; round++) {
                cursor = table.expireSlice(
                        cursor, 50, (handle, hash32, _) -> due.add((long) hash32 << 32 | handle & 0xffffffffL));
                for (long entry : due) {
                    assertThat(table.findHandle((int) (entry >>> 32), (int) entry))
                            .isTrue();
                    table.removeFound();
                }
                due.clear();
            }
            assertThat(table.count()).isZero();
            table.checkInvariants();
            assertThat(table.expireSlice(0, 10, (_, _, _) -> {})).isZero();
        }
    }

    @Nested
    class Freeze {
        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2, 3, 4})
        void keeps_the_content_of_its_moment_whatever_changes_later(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            int keyCount = 2_000;
            Longs table = new Longs(seed % 2 == 0 ? 64 : 4096, 20, -1);
            Map<Long, Entry> model = new HashMap<>();
            int step = random.nextInt(3 * keyCount);
            for (int round = 0; round < 6; round++) {
                for (int i = 0; i < 3_000; i++) {
                    step(random, table, model, step++, keyCount);
                }
                Frozen frozen = table.freeze();
                table.arena.beginSnapshot();
                Map<Long, Entry> moment = Map.copyOf(model);
                for (int i = 0; i < 3_000; i++) {
                    step(random, table, model, step++, keyCount);
                }
                if (round == 4) {
                    table.clear();
                    model.clear();
                }
                assertThat(content(table, frozen)).isEqualTo(moment);
                assertThat(content(table)).isEqualTo(model);
                table.checkInvariants();
                table.thaw();
                table.arena.endSnapshot();
                table.arena.reclaim(Integer.MAX_VALUE);
            }
        }

        @Test
        void clones_nothing_once_it_is_over_or_before_the_first_change() {
            Longs table = new Longs();
            table.put(1, 1);
            Frozen first = table.freeze();
            table.find(1);
            assertThat(table.freeze().slots(0)).isSameAs(first.slots(0));
            table.thaw();
            table.put(2, 2);
            assertThat(table.freeze().slots(0)).isSameAs(first.slots(0));
            table.put(3, 3);
            assertThat(table.freeze().slots(0)).isNotSameAs(first.slots(0));
        }
    }
}

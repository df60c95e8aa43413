package io.redoubt.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class CountedTreeTest {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    /** Numbers in order. */
    private static final class Numbers extends CountedTree {
        private long probe;

        Numbers(Arena arena) {
            super(arena);
        }

        Numbers(Numbers original) {
            super(original);
        }

        @Override
        protected int compare(int handle) {
            return Long.compare(number(handle), probe);
        }

        long number(int handle) {
            return (long) LONGS.get(arena.chunk(handle), arena.offset(handle));
        }

        Numbers probe(long number) {
            probe = number;
            return this;
        }

        void add(long number) {
            int handle = arena.allocate(8);
            LONGS.set(arena.chunk(handle), arena.offset(handle), number);
            probe(number).insert(handle);
        }
    }

    private static Arena poisoned() {
        Arena arena = new Arena(1 << 16);
        arena.setPoisoning(true);
        return arena;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void does_what_a_sorted_list_does_and_shows_a_snapshot_what_was_there(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Arena arena = poisoned();
        Numbers tree = new Numbers(arena);
        List<Long> model = new ArrayList<>();
        Numbers frozen = null;
        List<Long> frozenModel = List.of();
        int range = 1 + random.nextInt(20_000);
        boolean grows = true;
        for (int step = 0; step < 30_000; step++) {
            if (step % 6_000 == 0) {
                grows = random.nextInt(3) > 0;
            }
            long number = random.nextInt(range);
            int index = Collections.binarySearch(model, number);
            assertThat(tree.probe(number).rank()).isEqualTo(Math.max(index, -1));
            assertThat(tree.probe(number).seek()).isEqualTo(index < 0 ? -1 - index : index);
            if (random.nextInt(5) < (grows ? 4 : 1)) {
                if (index < 0) {
                    tree.add(number);
                    model.add(-1 - index, number);
                } else if (random.nextInt(10) == 0) {
                    int moved = arena.allocate(8);
                    LONGS.set(arena.chunk(moved), arena.offset(moved), number);
                    int old = tree.find();
                    tree.replace(moved);
                    arena.free(old, 8);
                }
            } else if (random.nextBoolean() || model.isEmpty()) {
                int handle = tree.remove();
                assertThat(handle != 0).isEqualTo(index >= 0);
                if (handle != 0) {
                    arena.free(handle, 8);
                    model.remove(index);
                }
            } else {
                int rank = random.nextInt(model.size());
                assertThat(tree.number(tree.at(rank))).isEqualTo(model.get(rank));
                arena.free(tree.removeAt(rank), 8);
                model.remove(rank);
            }
            arena.endUnit();
            if (step % 1_000 == 0) {
                tree.checkInvariants();
                assertThat(numbers(tree, null, random.nextInt(model.size() + 1)))
                        .isEqualTo(model);
            }
            if (step % 5_000 == 2_500) {
                if (frozen != null) {
                    assertThat(numbers(frozen, arena.chunks(), random.nextInt(frozenModel.size() + 1)))
                            .isEqualTo(frozenModel);
                    arena.endSnapshot();
                    arena.reclaim(Integer.MAX_VALUE);
                    arena.checkInvariants();
                }
                frozen = random.nextBoolean() ? tree : null;
                if (frozen != null) {
                    arena.beginSnapshot();
                    frozenModel = List.copyOf(model);
                    tree = new Numbers(frozen);
                }
            }
        }
    }

    /** All numbers: forwards from a rank, and backwards from it. */
    private static List<Long> numbers(Numbers tree, byte @Nullable [][] chunks, int rank) {
        CountedTree.Cursor cursor = new CountedTree.Cursor();
        List<Long> all = new ArrayList<>();
        for (boolean forwards : new boolean[] {false, true}) {
            if (chunks == null) {
                tree.walk(cursor, rank);
            } else {
                tree.walk(cursor, chunks, rank);
            }
            int handle = forwards ? cursor.next() : cursor.previous();
            while (handle != 0) {
                byte[] chunk = chunks == null ? tree.arena.chunk(handle) : chunks[Arena.chunkIndex(handle)];
                all.add((long) LONGS.get(chunk, Arena.chunkOffset(handle)));
                handle = forwards ? cursor.next() : cursor.previous();
            }
            if (!forwards) {
                Collections.reverse(all);
            }
        }
        return all;
    }

    @Test
    void frees_all_its_nodes_in_slices() {
        Arena arena = poisoned();
        Numbers tree = new Numbers(arena);
        long entryBytes = 0;
        for (int i = 0; i < 20_000; i++) {
            tree.add(i * 7919L % 20_011);
            entryBytes += 8;
        }
        int position = 0;
        int slices = 0;
        while (position >= 0) {
            position = tree.freeNodes(position, 10);
            arena.endUnit();
            slices++;
        }
        assertThat(slices).isGreaterThan(10);
        assertThat(arena.usedBytes()).isEqualTo(entryBytes);
        arena.checkInvariants();
    }

    @Test
    void is_dense_when_filled_in_order() {
        Arena arena = new Arena(1 << 16);
        Numbers tree = new Numbers(arena);
        for (int i = 0; i < 62_000; i++) {
            tree.add(i);
        }
        assertThat(arena.usedBytes() - 62_000 * 8).isLessThan(62_000 * 5);
    }
}

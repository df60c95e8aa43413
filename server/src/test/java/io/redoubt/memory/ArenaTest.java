package io.redoubt.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ArenaTest {
    private static final int CHUNK_BYTES = (4 << 20) - 16;
    private static final int MIB = 1 << 20;

    private record Block(int handle, int bytes, byte fill) {
        void write(Arena arena) {
            int offset = arena.offset(handle);
            Arrays.fill(arena.chunk(handle), offset, offset + Arena.usableBytes(bytes), fill);
        }

        boolean isIntact(byte[][] chunks) {
            byte[] chunk = chunks[Arena.chunkIndex(handle)];
            int offset = Arena.chunkOffset(handle);
            for (int i = offset; i < offset + Arena.usableBytes(bytes); i++) {
                if (chunk[i] != fill) {
                    return false;
                }
            }
            return true;
        }
    }

    private static Arena poisoned(int chunkBytes) {
        Arena arena = new Arena(chunkBytes);
        arena.setPoisoning(true);
        return arena;
    }

    private static int randomSize(SplittableRandom random) {
        return switch (random.nextInt(40)) {
            case 0 -> random.nextInt(300_000);
            case 1, 2 -> random.nextInt(5_000);
            default -> random.nextInt(300);
        };
    }

    private static Block allocate(Arena arena, int bytes, int fill) {
        Block block = new Block(arena.allocate(bytes), bytes, (byte) fill);
        block.write(arena);
        return block;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void live_blocks_keep_their_bytes_whatever_is_allocated_and_freed_around_them(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Arena arena = poisoned(random.nextBoolean() ? CHUNK_BYTES : 256 << 10);
        List<Block> live = new ArrayList<>();
        List<Block> frozen = new ArrayList<>();
        boolean snapshotRuns = false;
        byte[][] chunksOfSnapshot = {};
        for (int step = 0; step < 12_000; step++) {
            boolean grows = step / 3_000 % 2 == 0;
            if (live.isEmpty() || random.nextInt(10) < (grows ? 6 : 3)) {
                live.add(allocate(arena, randomSize(random), step));
            } else {
                Block block = swapRemove(live, random.nextInt(live.size()));
                assertThat(block.isIntact(arena.chunks())).isTrue();
                arena.free(block.handle, block.bytes);
            }
            if (random.nextInt(20) == 0) {
                arena.endUnit();
            }
            if (random.nextInt(500) == 0) {
                if (snapshotRuns) {
                    for (Block block : frozen) {
                        assertThat(block.isIntact(chunksOfSnapshot)).isTrue();
                    }
                    arena.endSnapshot();
                } else {
                    arena.endUnit();
                    arena.beginSnapshot();
                    frozen = List.copyOf(live);
                    chunksOfSnapshot = arena.chunks();
                }
                snapshotRuns = !snapshotRuns;
            }
            if (random.nextInt(50) == 0) {
                arena.reclaim(10);
            }
            if (step % 1_000 == 0) {
                arena.checkInvariants();
            }
        }
        for (Block block : live) {
            assertThat(block.isIntact(arena.chunks())).isTrue();
            arena.free(block.handle, block.bytes);
        }
        arena.endUnit();
        if (snapshotRuns) {
            arena.endSnapshot();
        }
        assertThat(arena.reclaim(Integer.MAX_VALUE)).isZero();
        arena.checkInvariants();
        assertThat(arena.usedBytes()).isZero();
        assertThat(arena.deferredBytes()).isZero();
    }

    private static Block swapRemove(List<Block> blocks, int index) {
        Block block = blocks.get(index);
        blocks.set(index, blocks.getLast());
        blocks.removeLast();
        return block;
    }

    @Test
    void no_class_wastes_more_than_a_sixteenth_beyond_128_bytes_or_more_than_seven_bytes_below() {
        for (int bytes = 1; bytes <= MIB; bytes += bytes < 10_000 ? 1 : 97) {
            int usable = Arena.usableBytes(bytes);
            assertThat(usable % 8).isZero();
            assertThat(usable - bytes).isBetween(0, Math.max(7, bytes / 16));
            assertThat(Arena.usableBytes(usable)).isEqualTo(usable);
        }
        assertThat(Arena.usableBytes(0)).isEqualTo(8);
        assertThat(Arena.usableBytes(MIB)).isEqualTo(MIB);
        assertThat(Arena.usableBytes(MIB + 1)).isEqualTo(MIB + 8);
    }

    @Test
    void the_first_chunks_are_small() {
        Arena arena = new Arena(CHUNK_BYTES);
        assertThat(arena.reservedBytes()).isZero();
        arena.allocate(8);
        assertThat(arena.reservedBytes()).isEqualTo(64 << 10);
        arena.allocate(100_000);
        assertThat(arena.reservedBytes()).isEqualTo((64 << 10) + (256 << 10));
        arena.checkInvariants();
    }

    @Test
    void the_rest_of_a_chunk_serves_later_requests() {
        Arena arena = new Arena(CHUNK_BYTES);
        arena.allocate(60_000);
        arena.allocate(30_000);
        long reserved = arena.reservedBytes();
        assertThat(Arena.chunkIndex(arena.allocate(4_096))).isOne();
        assertThat(arena.reservedBytes()).isEqualTo(reserved);
        arena.checkInvariants();
    }

    @Test
    void free_blocks_of_other_classes_are_cut_up_before_the_arena_grows() {
        Arena arena = poisoned(CHUNK_BYTES);
        List<Integer> handles = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            handles.add(arena.allocate(64 << 10));
        }
        for (int handle : handles) {
            arena.free(handle, 64 << 10);
        }
        arena.endUnit();
        long reserved = arena.reservedBytes();
        for (int i = 0; i < 40_000; i++) {
            arena.allocate(100);
        }
        assertThat(arena.reservedBytes()).isEqualTo(reserved);
        arena.checkInvariants();
    }

    @Test
    void a_large_block_has_a_chunk_of_its_own_whose_index_is_used_again() {
        Arena arena = poisoned(CHUNK_BYTES);
        Block small = allocate(arena, 10, 1);
        Block large = allocate(arena, 5 * MIB + 1, 2);
        assertThat(arena.chunk(large.handle)).hasSize(5 * MIB + 8);
        assertThat(arena.offset(large.handle)).isZero();
        arena.free(large.handle, large.bytes);
        assertThat(large.isIntact(arena.chunks())).isTrue();
        arena.endUnit();
        assertThat(arena.reservedBytes()).isEqualTo(64 << 10);
        assertThat(arena.allocate(2 * MIB)).isEqualTo(large.handle);
        assertThat(small.isIntact(arena.chunks())).isTrue();
        arena.checkInvariants();
    }

    @Test
    void a_class_that_does_not_fit_into_a_chunk_gets_its_own() {
        Arena arena = poisoned(MIB - 16);
        int handle = arena.allocate(MIB - 8);
        assertThat(arena.chunk(handle)).hasSize(MIB);
        arena.free(handle, MIB - 8);
        arena.endUnit();
        assertThat(arena.reservedBytes()).isZero();
    }

    @Test
    void a_full_arena_says_so_and_changes_nothing() {
        Arena arena = new Arena(1024, 4);
        arena.setPoisoning(true);
        int handle = arena.allocate(2 * MIB);
        arena.allocate(1000);
        arena.allocate(1000);
        long used = arena.usedBytes();
        assertThatThrownBy(() -> arena.allocate(500)).isInstanceOf(ArenaFullException.class);
        assertThatThrownBy(() -> arena.allocate(3 * MIB)).isInstanceOf(ArenaFullException.class);
        assertThat(arena.usedBytes()).isEqualTo(used);
        arena.checkInvariants();
        arena.free(handle, 2 * MIB);
        arena.endUnit();
        assertThat(arena.allocate(500)).isNotZero();
        arena.checkInvariants();
    }

    @Test
    void impossible_sizes_are_refused() {
        Arena arena = new Arena(CHUNK_BYTES);
        assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(-1));
        assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(Integer.MIN_VALUE));
        assertThatIllegalArgumentException().isThrownBy(() -> arena.allocate(Integer.MAX_VALUE));
        assertThatIllegalArgumentException().isThrownBy(() -> new Arena(CHUNK_BYTES + 8));
        assertThatIllegalArgumentException().isThrownBy(() -> new Arena(2052));
    }

    @Test
    void an_access_through_handle_0_fails() {
        Arena arena = new Arena(CHUNK_BYTES);
        assertThat(arena.chunk(0)).isEmpty();
    }

    @Nested
    class Quarantine {
        @Test
        void a_freed_block_keeps_its_bytes_and_is_not_reused_until_the_unit_ends() {
            Arena arena = poisoned(CHUNK_BYTES);
            Block block = allocate(arena, 40, 7);
            arena.free(block.handle, 40);
            assertThat(arena.usedBytes()).isZero();
            assertThat(arena.allocate(40)).isNotEqualTo(block.handle);
            assertThat(block.isIntact(arena.chunks())).isTrue();
            arena.endUnit();
            assertThat(block.isIntact(arena.chunks())).isFalse();
            assertThat(arena.allocate(40)).isEqualTo(block.handle);
        }
    }

    @Nested
    class Poisoning {
        final Arena arena = poisoned(CHUNK_BYTES);
        final Block block = allocate(arena, 40, 7);

        @Test
        void finds_a_double_free() {
            arena.free(block.handle, 40);
            assertThatIllegalStateException().isThrownBy(() -> arena.free(block.handle, 40));
            arena.endUnit();
            assertThatIllegalStateException().isThrownBy(() -> arena.free(block.handle, 40));
        }

        @Test
        void finds_a_free_with_another_size() {
            assertThatIllegalStateException().isThrownBy(() -> arena.free(block.handle, 41));
        }

        @Test
        void finds_a_write_after_the_free() {
            arena.free(block.handle, 40);
            arena.endUnit();
            arena.chunk(block.handle)[arena.offset(block.handle) + 39] = 1;
            assertThatIllegalStateException().isThrownBy(() -> arena.allocate(40));
        }

        @Test
        void tells_live_blocks_from_freed_ones() {
            arena.requireLive(block.handle);
            arena.free(block.handle, 40);
            assertThatIllegalStateException().isThrownBy(() -> arena.requireLive(block.handle));
        }
    }

    @Nested
    class Snapshot {
        final Arena arena = poisoned(CHUNK_BYTES);
        final Block old = allocate(arena, 40, 7);

        @Test
        void only_older_blocks_are_frozen_and_only_while_it_runs() {
            assertThat(arena.isFrozen(old.handle)).isFalse();
            arena.beginSnapshot();
            int young = arena.allocate(40);
            assertThat(arena.isFrozen(old.handle)).isTrue();
            assertThat(arena.isFrozen(young)).isFalse();
            arena.endSnapshot();
            assertThat(arena.isFrozen(old.handle)).isFalse();
            arena.beginSnapshot();
            assertThat(arena.isFrozen(young)).isTrue();
        }

        @Test
        void a_freed_frozen_block_comes_back_only_by_reclaim() {
            arena.beginSnapshot();
            byte[][] chunks = arena.chunks();
            arena.free(old.handle, 40);
            arena.endUnit();
            assertThat(arena.allocate(40)).isNotEqualTo(old.handle);
            assertThat(old.isIntact(chunks)).isTrue();
            assertThat(arena.reclaim(100)).isZero();
            arena.endSnapshot();
            assertThat(arena.deferredBytes()).isEqualTo(40);
            assertThat(arena.allocate(40)).isNotEqualTo(old.handle);
            assertThat(arena.reclaim(0)).isOne();
            assertThat(arena.reclaim(5)).isZero();
            assertThat(arena.allocate(40)).isEqualTo(old.handle);
        }

        @Test
        void a_young_block_is_reused_as_ever() {
            arena.beginSnapshot();
            int young = arena.allocate(40);
            arena.free(young, 40);
            arena.endUnit();
            assertThat(arena.allocate(40)).isEqualTo(young);
            assertThat(arena.isFrozen(young)).isFalse();
        }

        @Test
        void another_one_can_begin_before_all_is_reclaimed() {
            Block second = allocate(arena, 40, 8);
            arena.beginSnapshot();
            arena.free(old.handle, 40);
            arena.endSnapshot();
            arena.beginSnapshot();
            arena.free(second.handle, 40);
            assertThat(arena.reclaim(10)).isZero();
            assertThat(arena.allocate(40)).isEqualTo(old.handle);
            assertThat(second.isIntact(arena.chunks())).isTrue();
            arena.endSnapshot();
            assertThat(arena.reclaim(10)).isZero();
            arena.checkInvariants();
        }

        @Test
        void a_large_block_made_after_another_of_its_index_went_is_young() {
            int large = arena.allocate(2 * MIB);
            arena.beginSnapshot();
            assertThat(arena.isFrozen(large)).isTrue();
            arena.free(large, 2 * MIB);
            arena.endUnit();
            int other = arena.allocate(2 * MIB);
            assertThat(other).isNotEqualTo(large);
            arena.free(other, 2 * MIB);
            arena.endUnit();
            assertThat(arena.allocate(3 * MIB)).isEqualTo(other);
            assertThat(arena.isFrozen(other)).isFalse();
            arena.endSnapshot();
            arena.reclaim(10);
            arena.checkInvariants();
        }

        @Test
        void a_longer_chunk_may_take_the_index_of_one_that_went_meanwhile() {
            arena.allocate(256 << 10);
            arena.allocate(MIB);
            arena.beginSnapshot();
            int large = arena.allocate(MIB + 8);
            arena.free(large, MIB + 8);
            arena.endUnit();
            int first = arena.allocate(MIB);
            assertThat(Arena.chunkIndex(first)).isEqualTo(Arena.chunkIndex(large));
            arena.allocate(MIB);
            int third = arena.allocate(MIB);
            assertThat(Arena.chunkIndex(third)).isEqualTo(Arena.chunkIndex(large));
            assertThat(arena.isFrozen(third)).isFalse();
        }
    }
}

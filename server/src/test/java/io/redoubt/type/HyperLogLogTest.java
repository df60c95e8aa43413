package io.redoubt.type;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Both encodings against a plain array of registers. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HyperLogLogTest {
    private final byte[] sparse = new byte[100_000];
    private int length = HyperLogLog.writeEmpty(sparse);
    private final byte[] dense = toDense();
    private final byte[] registers = new byte[HyperLogLog.REGISTERS];

    private byte[] toDense() {
        return Objects.requireNonNull(HyperLogLog.toDense(sparse, 0, length));
    }

    private void raise(int index, int value) {
        boolean isHigher = registers[index] < value;
        registers[index] = (byte) Math.max(registers[index], value);
        int result = HyperLogLog.setSparse(sparse, length, index, value, Long.MAX_VALUE);
        assertThat(result != HyperLogLog.UNCHANGED).isEqualTo(isHigher);
        length = isHigher ? result : length;
        assertThat(HyperLogLog.raiseDense(dense, 0, index, value)).isEqualTo(isHigher);
    }

    private void compare() {
        byte[] merged = new byte[HyperLogLog.REGISTERS];
        assertThat(HyperLogLog.mergeInto(merged, sparse, 0, length)).isTrue();
        assertThat(merged).isEqualTo(registers);
        byte[] again = new byte[HyperLogLog.REGISTERS];
        assertThat(HyperLogLog.mergeInto(again, dense, 0, dense.length)).isTrue();
        assertThat(again).isEqualTo(registers);
        byte[] made = toDense();
        HyperLogLog.setEstimate(made, 0, 0);
        HyperLogLog.setEstimate(dense, 0, 0);
        assertThat(made).isEqualTo(dense);
        assertThat(HyperLogLog.count(sparse, 0, length))
                .isEqualTo(HyperLogLog.count(dense, 0, dense.length))
                .isEqualTo(HyperLogLog.countRegisters(registers));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void both_encodings_keep_the_same_registers(long seed) {
        var random = new SplittableRandom(seed);
        int spread = new int[] {HyperLogLog.REGISTERS, 300, 3000, 40}[(int) seed % 4];
        int valueMax = seed % 2 == 0 ? 3 : 32;
        for (int step = 0; step < 4000; step++) {
            raise(random.nextInt(spread), random.nextInt(1, valueMax + 1));
            if (step % 200 == 0) {
                compare();
            }
        }
        compare();
    }

    @Test
    void the_last_register_of_each_encoding_can_be_raised() {
        raise(HyperLogLog.REGISTERS - 1, 32);
        raise(0, 1);
        compare();
        assertThat(HyperLogLog.describe(sparse, 0, length)).isEqualTo("v:1,1 Z:16382 v:32,1");
    }

    @Test
    void equal_neighbours_share_a_run_of_up_to_four() {
        for (int index = 100; index < 109; index++) {
            raise(index, 2);
        }
        assertThat(HyperLogLog.describe(sparse, 0, length)).isEqualTo("Z:100 v:2,4 v:2,4 v:2,1 Z:16275");
        raise(101, 5);
        assertThat(HyperLogLog.describe(sparse, 0, length)).isEqualTo("Z:100 v:2,1 v:5,1 v:2,2 v:2,4 v:2,1 Z:16275");
        compare();
    }

    @Test
    void what_does_not_fit_leaves_a_sparse_value_alone() {
        byte[] before = sparse.clone();
        assertThat(HyperLogLog.setSparse(sparse, length, 7, 33, Long.MAX_VALUE)).isEqualTo(HyperLogLog.TOO_LARGE);
        assertThat(HyperLogLog.setSparse(sparse, length, 7, 1, length)).isEqualTo(HyperLogLog.TOO_LARGE);
        assertThat(sparse).isEqualTo(before);
        assertThat(HyperLogLog.setSparse(sparse, length, 0, 1, length + 1)).isEqualTo(length + 1);
    }

    @Test
    void runs_that_make_no_sense_are_found() {
        for (var runs : new String[] {"", "\u007F\u00FE", "\u007F\u00FF\u0000", "\u007F", "\u0000\u007F\u00FF"}) {
            byte[] bytes = ("HYLL\u0001" + "\0".repeat(11) + runs + "???").getBytes(ISO_8859_1);
            int corrupt = bytes.length - 3;
            assertThat(HyperLogLog.isValid(bytes, 0, corrupt)).isTrue();
            assertThat(HyperLogLog.toDense(bytes, 0, corrupt)).isNull();
            assertThat(HyperLogLog.mergeInto(registers, bytes, 0, corrupt)).isFalse();
            assertThat(HyperLogLog.count(bytes, 0, corrupt)).isNegative();
        }
        byte[] cut = ("HYLL\u0001" + "\0".repeat(11) + "\u0000\u007F???").getBytes(ISO_8859_1);
        assertThat(HyperLogLog.setSparse(cut, 18, 5, 1, 3000)).isEqualTo(HyperLogLog.CORRUPT);
        assertThat(HyperLogLog.setSparse(cut, 17, 5, 1, 3000)).isEqualTo(HyperLogLog.CORRUPT);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void any_bytes_behind_the_header_are_either_whole_or_corrupt(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = ("HYLL\u0001" + "\0".repeat(30)).getBytes(ISO_8859_1);
            int end = 16 + random.nextInt(bytes.length - 16 - HyperLogLog.GROWTH_MAX);
            for (int i = 16; i < end; i++) {
                bytes[i] = (byte) random.nextInt();
            }
            boolean isWhole = HyperLogLog.toDense(bytes, 0, end) != null;
            assertThat(HyperLogLog.mergeInto(registers, bytes, 0, end)).isEqualTo(isWhole);
            assertThat(HyperLogLog.count(bytes, 0, end) >= 0).isEqualTo(isWhole);
            int index = random.nextInt(HyperLogLog.REGISTERS);
            assertThat(HyperLogLog.setSparse(bytes, end, index, random.nextInt(1, 40), 3000))
                    .isLessThanOrEqualTo(end + HyperLogLog.GROWTH_MAX);
        }
    }
}

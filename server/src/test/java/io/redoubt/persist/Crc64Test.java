package io.redoubt.persist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(ReplaceUnderscores.class)
class Crc64Test {

    @Test
    void gives_the_published_check_value() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        assertThat(Crc64.update(0, digits, 0, 9)).isEqualTo(0xe9c6d914c4b8d9caL);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void gives_the_same_for_any_cut_as_bit_by_bit(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] bytes = new byte[200];
        random.nextBytes(bytes);
        for (int round = 0; round < 200; round++) {
            int from = random.nextInt(bytes.length);
            int to = from + random.nextInt(bytes.length - from + 1);
            int cut = from + random.nextInt(to - from + 1);
            long first = Crc64.update(0, bytes, from, cut - from);
            assertThat(Crc64.update(first, bytes, cut, to - cut)).isEqualTo(bitByBit(bytes, from, to));
        }
    }

    private static long bitByBit(byte[] bytes, int from, int to) {
        long sum = 0;
        for (int i = from; i < to; i++) {
            for (int bit = 0; bit < 8; bit++) {
                long top = sum >>> 63 ^ (bytes[i] >> bit & 1);
                sum = sum << 1 ^ (top == 1 ? 0xad93d23594c935a9L : 0);
            }
        }
        return Long.reverse(sum);
    }
}

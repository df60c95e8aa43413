package io.redoubt.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SipHashTest {
    private static final BigInteger MASK = BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    @Test
    void the_reference_below_gives_the_published_result_of_siphash_2_4() {
        byte[] input = new byte[15];
        for (int i = 0; i < input.length; i++) {
            input[i] = (byte) i;
        }
        // The worked example in appendix A of the paper.
        assertThat(reference(2, 4, 0x0706050403020100L, 0x0f0e0d0c0b0a0908L, input))
                .isEqualTo(0xa129ca6149be45e5L);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void agrees_with_the_reference_for_every_length_and_place_in_the_array(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int length = 0; length < 70; length++) {
            long k0 = random.nextLong();
            long k1 = random.nextLong();
            byte[] input = new byte[length];
            random.nextBytes(input);
            long expected = reference(1, 3, k0, k1, input);
            for (int after = 0; after < 9; after++) {
                byte[] array = new byte[3 + length + after];
                Arrays.fill(array, (byte) -1);
                System.arraycopy(input, 0, array, 3, length);
                assertThat(new SipHash(k0, k1).hash(array, 3, length)).isEqualTo(expected);
            }
        }
    }

    @Test
    void depends_on_the_length_of_zero_bytes_and_on_both_halves_of_the_key() {
        byte[] zeros = new byte[32];
        assertThat(new long[] {
                    new SipHash(0, 0).hash(zeros, 0, 7),
                    new SipHash(0, 0).hash(zeros, 0, 8),
                    new SipHash(1, 0).hash(zeros, 0, 8),
                    new SipHash(0, 1).hash(zeros, 0, 8)
                })
                .doesNotHaveDuplicates();
    }

    /** The algorithm as the paper tells it, with numbers of any size, so that it shares nothing with ours. */
    private static long reference(int rounds, int lastRounds, long k0, long k1, byte[] input) {
        BigInteger[] v = {
            unsigned(k0 ^ 0x736f6d6570736575L),
            unsigned(k1 ^ 0x646f72616e646f6dL),
            unsigned(k0 ^ 0x6c7967656e657261L),
            unsigned(k1 ^ 0x7465646279746573L)
        };
        byte[] padded = Arrays.copyOf(input, input.length / 8 * 8 + 8);
        padded[padded.length - 1] = (byte) input.length;
        for (int i = 0; i < padded.length; i += 8) {
            byte[] bigEndian = new byte[8];
            for (int j = 0; j < 8; j++) {
                bigEndian[j] = padded[i + 7 - j];
            }
            BigInteger word = new BigInteger(1, bigEndian);
            v[3] = v[3].xor(word);
            rounds(rounds, v);
            v[0] = v[0].xor(word);
        }
        v[2] = v[2].xor(BigInteger.valueOf(255));
        rounds(lastRounds, v);
        return v[0].xor(v[1]).xor(v[2]).xor(v[3]).longValue();
    }

    private static void rounds(int count, BigInteger[] v) {
        for (int i = 0; i < count; i++) {
            half(v, 0, 1, 13, 32);
            half(v, 2, 3, 16, 0);
            half(v, 0, 3, 21, 0);
            half(v, 2, 1, 17, 32);
        }
    }

    private static void half(BigInteger[] v, int a, int b, int turnB, int turnA) {
        v[a] = v[a].add(v[b]).and(MASK);
        v[b] = turn(v[b], turnB).xor(v[a]);
        v[a] = turn(v[a], turnA);
    }

    private static BigInteger turn(BigInteger value, int bits) {
        return value.shiftLeft(bits).or(value.shiftRight(64 - bits)).and(MASK);
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}

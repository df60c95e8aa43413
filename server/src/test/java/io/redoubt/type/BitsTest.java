package io.redoubt.type;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bits against the same done one bit at a time, at every alignment. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BitsTest {
    private static final int ROUNDS = 3000;

    /** A string somewhere within an array. */
    private record Row(byte[] bytes, int start, int length) {
        static Row random(SplittableRandom random, int lengthMin) {
            int start = random.nextInt(20);
            int length = lengthMin + random.nextInt(40);
            byte[] bytes = new byte[start + length + random.nextInt(20)];
            random.nextBytes(bytes);
            if (random.nextInt(3) > 0) {
                // Long runs, so that whole words are skipped.
                byte filler = (byte) -random.nextInt(2);
                int from = start + random.nextInt(length + 1);
                for (int i = from; i < start + length && random.nextInt(30) > 0; i++) {
                    bytes[i] = filler;
                }
            }
            return new Row(bytes, start, length);
        }

        int bit(long position) {
            return position / 8 >= length ? 0 : bytes[start + (int) (position / 8)] >> 7 - position % 8 & 1;
        }

        BigInteger field(long position, int width) {
            var value = BigInteger.ZERO;
            for (int i = 0; i < width; i++) {
                value = value.shiftLeft(1).add(BigInteger.valueOf(bit(position + i)));
            }
            return value;
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void counts_and_finds_within_any_range(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var row = Row.random(random, 1);
            long first = random.nextLong(8L * row.length);
            long last = random.nextLong(first, 8L * row.length);
            long count = 0;
            long[] found = {Bits.NONE, Bits.NONE};
            for (long position = last; position >= first; position--) {
                count += row.bit(position);
                found[row.bit(position)] = position;
                assertThat(Bits.get(row.bytes, row.start, row.length, position)).isEqualTo(row.bit(position));
            }
            assertThat(Bits.count(row.bytes, row.start, first, last)).isEqualTo(count);
            assertThat(Bits.find(row.bytes, row.start, first, last, 0)).isEqualTo(found[0]);
            assertThat(Bits.find(row.bytes, row.start, first, last, 1)).isEqualTo(found[1]);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void reads_and_writes_integers_of_any_width_at_any_bit(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var row = Row.random(random, 9);
            int width = random.nextInt(1, 65);
            long beyond = random.nextLong(8L * row.length + 100);
            var expected = row.field(beyond, width);
            assertThat(Bits.field(row.bytes, row.start, row.length, beyond, width))
                    .isEqualTo(expected.longValue());
            var signed = expected.testBit(width - 1) ? expected.subtract(BigInteger.TWO.pow(width)) : expected;
            assertThat(Bits.signedField(row.bytes, row.start, row.length, beyond, width))
                    .isEqualTo(signed.longValue());

            long within = random.nextLong(8L * row.length - width + 1);
            long value = random.nextLong();
            var before = row.bytes.clone();
            Bits.setField(row.bytes, row.start, within, width, value);
            var old = new Row(before, row.start, row.length);
            for (long position = 0; position < 8L * row.length; position++) {
                boolean isInField = position >= within && position < within + width;
                long wanted = isInField ? value >> within + width - 1 - position & 1 : old.bit(position);
                assertThat((long) row.bit(position)).isEqualTo(wanted);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void combines_rows_of_any_length(long seed) {
        var random = new SplittableRandom(seed);
        for (int round = 0; round < ROUNDS; round++) {
            var other = Row.random(random, 0);
            byte[] into = new byte[other.length + random.nextInt(4)];
            random.nextBytes(into);
            byte[] often = new byte[into.length];
            random.nextBytes(often);
            for (var operation : Bits.Operation.values()) {
                byte[] result = into.clone();
                Bits.combine(operation, result, other.bytes, other.start, other.length);
                for (int i = 0; i < into.length; i++) {
                    int second = i < other.length ? other.bytes[other.start + i] : 0;
                    int wanted = switch (operation) {
                        case AND -> into[i] & second;
                        case OR -> into[i] | second;
                        case XOR -> into[i] ^ second;
                        case AND_NOT -> into[i] & ~second;
                    };
                    assertThat(result[i]).isEqualTo(i < other.length ? (byte) wanted : into[i]);
                }
            }
            byte[] seen = into.clone();
            byte[] twice = often.clone();
            Bits.tally(seen, twice, other.bytes, other.start, other.length);
            for (int i = 0; i < into.length; i++) {
                int second = i < other.length ? other.bytes[other.start + i] : 0;
                assertThat(seen[i]).isEqualTo((byte) (into[i] | second));
                assertThat(twice[i]).isEqualTo((byte) (often[i] | into[i] & second));
            }
            byte[] inverted = into.clone();
            Bits.invert(inverted, other.length);
            for (int i = 0; i < into.length; i++) {
                assertThat(inverted[i]).isEqualTo(i < other.length ? (byte) ~into[i] : into[i]);
            }
        }
    }

    @Test
    void sets_one_bit_and_no_other() {
        byte[] bytes = {0, -1, 0};
        Bits.set(bytes, 1, 3, 0);
        Bits.set(bytes, 0, 23, 1);
        Bits.set(bytes, 0, 0, 0);
        assertThat(bytes).containsExactly(0, 0xEF, 1);
    }
}

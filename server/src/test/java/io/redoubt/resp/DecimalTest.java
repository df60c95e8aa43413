package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class DecimalTest {
    private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final double[] POWERS = {1e-13, 1e-10, 1e-5, 1e-4, 0.1, 1, 10, 1e6, 1e12, 1e15, 1e16, 1e18};
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "+1",
                "-0",
                "00",
                "01",
                "-01",
                " 1",
                "1 ",
                "1a",
                "a",
                "1.0",
                "--1",
                "1-",
                "9223372036854775808",
                "-9223372036854775809",
                "9999999999999999999",
                "10000000000000000000",
                "\0"
            })
    void integers_that_are_not_canonical_are_refused(String text) {
        byte[] bytes = bytes(text);
        assertThat(Decimal.isLong(bytes, 0, bytes.length)).isFalse();
        assertThat(Decimal.parseLong(bytes, 0, bytes.length, 42)).isEqualTo(42);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void integers_agree_with_big_integer(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] out = new byte[32];
        for (int i = 0; i < 20_000; i++) {
            long value = random.nextLong() >> random.nextInt(64);
            if (i < 40) {
                value = i < 20 ? Long.MIN_VALUE + i : Long.MAX_VALUE - (i - 20);
            }
            int length = Decimal.format(value, out, 3);
            assertThat(new String(out, 3, length, StandardCharsets.ISO_8859_1)).isEqualTo(Long.toString(value));
            assertThat(Decimal.length(value)).isEqualTo(length);
            assertThat(Decimal.parseLong(out, 3, length, value + 1)).isEqualTo(value);
            assertThat(Decimal.isLong(out, 3, length)).isTrue();

            BigInteger near = BigInteger.valueOf(value).add(BigInteger.valueOf(random.nextInt(100) - 50));
            byte[] text = bytes(near.toString());
            boolean fits = near.compareTo(LONG_MIN) >= 0 && near.compareTo(LONG_MAX) <= 0;
            assertThat(Decimal.isLong(text, 0, text.length)).as(near.toString()).isEqualTo(fits);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0,0",
        "007,7",
        "+5,5",
        "18446744073709551615,-1",
        "-1,-1",
        "9223372036854775808,-9223372036854775808",
        "18446744073709551616,77",
        "184467440737095516150,77",
        "1x,77",
        "+,77",
        "' 1',77",
        "'',0"
    })
    void cursors_are_unsigned(String text, long expected) {
        byte[] bytes = bytes(text);
        assertThat(Decimal.parseUnsigned(bytes, 0, bytes.length, 77)).isEqualTo(expected);
    }

    @Nested
    class Doubles {
        @ParameterizedTest
        @CsvSource({
            "3,3",
            "-0.0,-0",
            "0.1,0.10000000000000001",
            "3.25,3.25",
            "-2.5,-2.5",
            "1e16,10000000000000000",
            "1e17,1e+17",
            "-1e300,-1.0000000000000001e+300",
            "1e-4,0.0001",
            "1e-5,1.0000000000000001e-05",
            "0.0001220703125,0.0001220703125",
            "0.00006103515625,6.103515625e-05",
            "5e-324,4.9406564584124654e-324",
            "1.7976931348623157e308,1.7976931348623157e+308",
            "2e22,2e+22",
            "0.5,0.5",
            "123456.789,123456.789"
        })
        void print_with_seventeen_digits(double value, String expected) {
            assertThat(print(value)).isEqualTo(expected);
        }

        @Test
        void infinities_and_nan_have_names() {
            assertThat(print(Double.POSITIVE_INFINITY)).isEqualTo("inf");
            assertThat(print(Double.NEGATIVE_INFINITY)).isEqualTo("-inf");
            assertThat(print(Double.NaN)).isEqualTo("nan");
        }

        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2})
        void printed_ones_are_the_nearest_with_seventeen_digits_and_parse_back(long seed) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int i = 0; i < 20_000; i++) {
                double value = i % 3 == 0
                        ? Double.longBitsToDouble(random.nextLong())
                        : i % 3 == 1
                                ? random.nextInt(1 << 20) / 1024.0
                                : random.nextDouble() * POWERS[random.nextInt(POWERS.length)];
                if (!Double.isFinite(value)) {
                    continue;
                }
                String text = print(value);
                BigDecimal expected = new BigDecimal(value).round(new MathContext(17, RoundingMode.HALF_EVEN));
                assertThat(new BigDecimal(text)).as(text).isEqualByComparingTo(expected);
                assertThat(parse(text)).as(text).isEqualTo(value);
                assertThat(text.length()).isLessThanOrEqualTo(Decimal.DOUBLE_BYTES_MAX);
            }
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "+",
                    "-",
                    ".",
                    "e5",
                    "1e",
                    "1e+",
                    " 1",
                    "1 ",
                    "1d",
                    "1f",
                    "0x",
                    "0x1p",
                    "nan",
                    "-nan",
                    "NaN",
                    "infin",
                    "1e309",
                    "-1e309",
                    "1e-400",
                    "1\0",
                    "1_0",
                    "0x1p5000",
                    "0x1p-2000",
                    "1..2"
                })
        void what_strtod_leaves_unread_or_cannot_hold_is_refused(String text) {
            assertThat(parse(text)).isNaN();
        }

        @ParameterizedTest
        @CsvSource({
            "1.,1",
            ".5,0.5",
            "-.5e1,-5",
            "+1,1",
            "0x10,16",
            "0X.8p1,1",
            "1E5,100000",
            "0e999999999999,0",
            "-0,-0.0",
            "123456789012345678,123456789012345680",
            "0.30000000000000004,0.30000000000000004"
        })
        void parse_as_strtod_does(String text, double expected) {
            assertThat(parse(text)).isEqualTo(expected);
        }

        @ParameterizedTest
        @ValueSource(strings = {"inf", "+inf", "INF", "Infinity"})
        void infinity_has_many_names(String text) {
            assertThat(parse(text)).isEqualTo(Double.POSITIVE_INFINITY);
            assertThat(parse("-" + text.replace("+", ""))).isEqualTo(Double.NEGATIVE_INFINITY);
        }

        private String print(double value) {
            byte[] out = new byte[40];
            return new String(out, 5, Decimal.formatDouble(value, out, 5), StandardCharsets.ISO_8859_1);
        }

        private double parse(String text) {
            byte[] bytes = bytes("x" + text);
            return Decimal.parseDouble(bytes, 1, bytes.length - 1);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}

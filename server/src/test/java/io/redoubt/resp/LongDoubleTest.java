package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class LongDoubleTest {
    @ParameterizedTest
    @CsvSource({
        "3.0e3,200,3200",
        "5.0e3,2.0e2,5200",
        "0.1,0.2,0.3",
        "1.5,-1.0,0.5",
        "10.50,0.1,10.6",
        "1,-1,0",
        "-0,-0,0",
        "1e-18,0,0",
        "-1e-18,0,0",
        "1e-17,0,0.00000000000000001",
        "17179869184.5,0.000000001,17179869184.50000000186264515",
        "9007199254740993,0,9007199254740993",
        "18446744073709551615,0,18446744073709551615",
        "0x10,0x.8,16.5",
        "3,1.123456789012345678901,4.12345678901234568"
    })
    void sums_print_as_redis_prints_them(String a, String b, String expected) {
        assertThat(add(a, b)).isEqualTo(expected);
    }

    @Test
    void what_does_not_fit_is_refused_or_has_no_sum() {
        assertThat(isValid("1e4932")).isTrue();
        assertThat(isValid("1.2e4932")).isFalse();
        assertThat(isValid("1e99999999999")).isFalse();
        assertThat(isValid("1e-4952")).isFalse();
        assertThat(isValid("0e99999999999")).isTrue();
        assertThat(isValid("9".repeat(5120))).isFalse();
        assertThat(isValid("inf")).isTrue();
        assertThat(isValid("nan")).isFalse();
        assertThat(isValid("")).isFalse();
        assertThat(isValid(" 1")).isFalse();
        assertThat(add("inf", "1")).isNull();
        assertThat(add("inf", "-inf")).isNull();
        assertThat(add("1e4932", "1e4932")).isNull();
        assertThat(add("1e4932", "-1e4932")).isEqualTo("0");
        assertThatThrownBy(() -> add("x", "1")).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void sums_of_short_decimals_are_exact(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 5_000; i++) {
            BigDecimal a = BigDecimal.valueOf(random.nextInt(-100_000, 100_000), random.nextInt(6));
            BigDecimal b = BigDecimal.valueOf(random.nextInt(-100_000, 100_000), 4);
            String sum = add(a.toPlainString(), b.toPlainString());
            // 64 bits hold numbers below 2^17 to about 14 decimals.
            BigDecimal error = new BigDecimal(sum).subtract(a.add(b)).abs();
            assertThat(error).as("%s + %s = %s", a, b, sum).isLessThan(new BigDecimal("0.00000000000002"));
        }
    }

    private static boolean isValid(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        return LongDouble.isValid(bytes, 0, bytes.length);
    }

    private static @Nullable String add(String a, String b) {
        byte[] left = a.getBytes(StandardCharsets.ISO_8859_1);
        byte[] right = b.getBytes(StandardCharsets.ISO_8859_1);
        byte[] sum = LongDouble.add(left, 0, left.length, right, 0, right.length);
        return sum == null ? null : new String(sum, StandardCharsets.ISO_8859_1);
    }
}

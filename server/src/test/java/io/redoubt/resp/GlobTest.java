package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GlobTest {
    @ParameterizedTest
    @CsvSource(quoteCharacter = '`', textBlock = """
            *,          abc,     true
            **,         abc,     true
            a*,         abc,     true
            *c,         abc,     true
            a*c,        abc,     true
            a*b,        abc,     false
            abc***,     abc,     true
            a?c,        abc,     true
            a?c,        ac,      false
            ?,          ``,      false
            *,          ``,      false
            ``,         ``,      true
            ``,         a,       false
            h[ae]llo,   hallo,   true
            h[ae]llo,   hillo,   false
            h[^e]llo,   hallo,   true
            h[^e]llo,   hello,   false
            h[a-c]llo,  hbllo,   true
            h[c-a]llo,  hbllo,   true
            h[a-c]llo,  hdllo,   false
            [a-],       ^,       true
            [\\]],      ],       true
            [\\-x],     -,       true
            []a],       a,       false
            [^]a],      ba],     true
            [ab,        b,       true
            [ab,        bc,      false
            [,          [,       false
            [^,         x,       true
            \\*,        *,       true
            \\*,        a,       false
            \\a,        a,       true
            a\\,        a\\,     true
            *\\,        x\\,     true
            *[0-9]*x,   ab7yx,   true
            *aab,       aaab,    true
            A,          a,       false
            """)
    void matches_as_redis_does(String pattern, String text, boolean expected) {
        assertThat(matches(pattern.replace("\\\\", "\\"), text.replace("\\\\", "\\"), false))
                .isEqualTo(expected);
    }

    @Test
    void case_is_ignored_on_request_also_in_classes() {
        assertThat(matches("GeT*", "getrange", true)).isTrue();
        assertThat(matches("[A-C]x", "bX", true)).isTrue();
        assertThat(matches("[\\A]", "a", true)).isFalse();
        assertThat(matches("[\\A]", "A", true)).isTrue();
    }

    @Test
    void ranges_order_bytes_as_signed() {
        assertThat(matches("[[-\u00e9]", "A", false)).isTrue();
        assertThat(matches("[[-\u00e9]", "b", false)).isFalse();
    }

    @Test
    void many_stars_take_no_exponential_time() {
        String text = "a".repeat(10_000);
        assertThat(matches("a*".repeat(50) + "b", text, false)).isFalse();
        assertThat(matches("*a".repeat(50) + "*b", text, false)).isFalse();
        assertThat(matches("*a".repeat(50), text, false)).isTrue();
    }

    @Test
    void slices_are_respected() {
        byte[] pattern = "xx[a-c]*yy".getBytes(StandardCharsets.ISO_8859_1);
        byte[] text = "--bcd--".getBytes(StandardCharsets.ISO_8859_1);
        assertThat(Glob.matches(pattern, 2, 6, text, 2, 3, false)).isTrue();
        assertThat(Glob.matches(pattern, 2, 3, text, 2, 1, false)).isFalse();
        assertThat(Glob.matches(pattern, 2, 2, text, 2, 1, false)).isFalse();
    }

    private static boolean matches(String pattern, String text, boolean ignoreCase) {
        byte[] p = pattern.getBytes(StandardCharsets.ISO_8859_1);
        byte[] t = text.getBytes(StandardCharsets.ISO_8859_1);
        return Glob.matches(p, 0, p.length, t, 0, t.length, ignoreCase);
    }
}

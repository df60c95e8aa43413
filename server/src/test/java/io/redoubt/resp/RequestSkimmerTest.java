package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RequestSkimmerTest {
    private static final String GET = "*2\r\n$3\r\nGET\r\n$1\r\na\r\n";
    private static final String SET = "*3\r\n$3\r\nSET\r\n$4\r\nlong\r\n$2\r\n42\r\n";

    private final RequestSkimmer skimmer = new RequestSkimmer();
    private byte[] buffer = new byte[0];

    private int skim(String text) {
        buffer = text.getBytes(StandardCharsets.ISO_8859_1);
        return skimmer.skim(buffer, 0, buffer.length);
    }

    private String key(int index) {
        return new String(buffer, skimmer.starts()[index], skimmer.lengths()[index], StandardCharsets.ISO_8859_1);
    }

    @Test
    void finds_the_first_argument_of_each_request() {
        assertThat(skim(GET + SET)).isEqualTo(GET.length() + SET.length());
        assertThat(skimmer.count()).isEqualTo(2);
        assertThat(key(0)).isEqualTo("a");
        assertThat(key(1)).isEqualTo("long");
    }

    @Test
    void looks_at_no_more_than_a_group() {
        assertThat(skim(GET.repeat(100))).isEqualTo(GET.length() * RequestSkimmer.REQUESTS_MAX);
        assertThat(skimmer.count()).isEqualTo(RequestSkimmer.REQUESTS_MAX);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PING\r\n",
                "*1\r\n$4\r\nPING\r\n",
                "*0\r\n",
                "*-1\r\n",
                "*2\r\n$99999\r\n",
                "*2\r\n$-1\r\n",
                "*99\r\n$1\r\na\r\n",
                "*2\r\n+GET\r\n",
                "*2000000000\r\n",
                "*",
                "\r\n"
            })
    void stops_before_what_is_not_plain(String other) {
        assertThat(skim(GET + other + GET)).isEqualTo(GET.length());
        assertThat(skimmer.count()).isOne();
    }

    @Test
    void stops_before_what_has_not_arrived() {
        for (int length = 0; length < SET.length(); length++) {
            assertThat(skim(GET + SET.substring(0, length))).isEqualTo(GET.length());
            assertThat(skimmer.count()).isOne();
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void stays_within_what_has_arrived_whatever_is_damaged(long seed) {
        var random = new Random(seed);
        for (int run = 0; run < 5000; run++) {
            byte[] bytes = (GET + SET + GET).getBytes(StandardCharsets.ISO_8859_1);
            for (int i = random.nextInt(4); i > 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) "*$0129\r\n-a".charAt(random.nextInt(10));
            }
            int limit = random.nextInt(bytes.length + 1);
            assertThat(skimmer.skim(bytes, 0, limit)).isBetween(0, limit);
            for (int i = 0; i < skimmer.count(); i++) {
                assertThat(skimmer.starts()[i] + skimmer.lengths()[i]).isBetween(0, limit);
            }
        }
    }
}

package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class RequestParserTest {
    private static final String PROTOCOL_ERROR = "-ERR Protocol error: ";

    static Stream<Arguments> everyRequest() {
        return Stream.of(
                Arguments.of("*1\r\n$4\r\nPING\r\n", List.of(List.of("PING"))),
                Arguments.of("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", List.of(List.of("GET", ""))),
                Arguments.of("*2\r\n$4\r\nECHO\r\n$4\r\n\r\n\r\n\r\n", List.of(List.of("ECHO", "\r\n\r\n"))),
                Arguments.of("*1\rX$4\rYPINGzz", List.of(List.of("PING"))),
                Arguments.of("*0\r\n*-7\r\n\r\n  \n*1\r\n$1\r\na\r\n", List.of(List.of("a"))),
                Arguments.of("PING\r\n", List.of(List.of("PING"))),
                Arguments.of(
                        "PING\n*1\r\n$1\r\na\r\nPING x\r\n",
                        List.of(List.of("PING"), List.of("a"), List.of("PING", "x"))),
                Arguments.of("\r\rSET a  b\t\r\n", List.of(List.of("SET", "a", "b"))),
                Arguments.of("ECHO \"\\x41\\n\\q\\\"\"\r\n", List.of(List.of("ECHO", "A\nq\""))),
                Arguments.of("ECHO \"\\xzz\\t\\b\\a\\r\"\n", List.of(List.of("ECHO", "xzz\t\b\u0007\r"))),
                Arguments.of("ECHO 'a\\'b\\n' \"\" ''\n", List.of(List.of("ECHO", "a'b\\n", "", ""))),
                Arguments.of("ECHO a\"b c\" a\u000bb \\x41\n", List.of(List.of("ECHO", "ab c", "a\u000bb", "\\x41"))),
                Arguments.of("a b c d e f g h i j k\n", List.of(List.of("a b c d e f g h i j k".split(" ")))));
    }

    @ParameterizedTest
    @MethodSource("everyRequest")
    void arguments_are_the_same_whole_and_byte_by_byte_and_cut_anywhere(String input, List<List<String>> expected) {
        byte[] bytes = bytes(input);
        assertThat(feed(bytes, bytes.length)).isEqualTo(expected);
        assertThat(feed(bytes, 1)).isEqualTo(expected);
        for (int cut = 1; cut < bytes.length; cut++) {
            assertThat(feed(bytes, cut)).as("cut at %d", cut).isEqualTo(expected);
        }
    }

    static Stream<Arguments> everyError() {
        String long64 = "1".repeat(RequestParser.LINE_BYTES_MAX);
        return Stream.of(
                Arguments.of("*1\r\n+4\r\n", "expected '$', got '+'"),
                Arguments.of("*1\r\n\r\n", "expected '$', got ' '"),
                Arguments.of("*2\r\n$1\r\na\r\n\n\r\n", "expected '$', got ' '"),
                Arguments.of("*a\r\n", "invalid multibulk length"),
                Arguments.of("*\r\n", "invalid multibulk length"),
                Arguments.of("*01\r\n", "invalid multibulk length"),
                Arguments.of("* 1\r\n", "invalid multibulk length"),
                Arguments.of("*2147483648\r\n", "invalid multibulk length"),
                Arguments.of("*99999999999999999999\r\n", "invalid multibulk length"),
                Arguments.of("*1\r\n$-1\r\n", "invalid bulk length"),
                Arguments.of("*1\r\n$\r\n", "invalid bulk length"),
                Arguments.of("*1\r\n$04\r\n", "invalid bulk length"),
                Arguments.of("*1\r\n$536870913\r\n", "invalid bulk length"),
                Arguments.of("*" + long64, "too big mbulk count string"),
                Arguments.of("*\0" + long64, "too big mbulk count string"),
                Arguments.of("*1\r\n$" + long64, "too big bulk count string"),
                Arguments.of("A" + long64, "too big inline request"),
                Arguments.of("\0\n" + long64, "too big inline request"),
                Arguments.of("PING \"a\r\n", "unbalanced quotes in request"),
                Arguments.of("PING 'a\n", "unbalanced quotes in request"),
                Arguments.of("PING \"a\"b\n", "unbalanced quotes in request"),
                Arguments.of("PING \"a\\\"\n", "unbalanced quotes in request"));
    }

    @ParameterizedTest
    @MethodSource("everyError")
    void errors_have_the_texts_of_redis_however_they_arrive(String input, String text) {
        byte[] bytes = bytes(input);
        int step = bytes.length > 1000 ? 1021 : 1;
        List<List<String>> expected = List.of(List.of(PROTOCOL_ERROR + text + "\r\n"));
        assertThat(feed(bytes, bytes.length)).isEqualTo(expected);
        assertThat(feed(bytes, step)).isEqualTo(expected);
    }

    @Test
    void a_line_of_64_kib_is_not_too_long_yet() {
        byte[] bytes = bytes("A".repeat(RequestParser.LINE_BYTES_MAX));
        RequestParser parser = new RequestParser();
        assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(RequestParser.INCOMPLETE);
        byte[] more = bytes("A".repeat(RequestParser.LINE_BYTES_MAX) + "\n");
        assertThat(parser.parse(more, 0, more.length)).isEqualTo(RequestParser.COMPLETE);
        assertThat(parser.argLength(0)).isEqualTo(RequestParser.LINE_BYTES_MAX);
    }

    @Test
    void an_error_stays_until_reset() {
        RequestParser parser = new RequestParser();
        byte[] wrong = bytes("*x\r\n");
        byte[] right = bytes("PING\r\n");
        assertThat(parser.parse(wrong, 0, wrong.length)).isEqualTo(RequestParser.ERROR);
        assertThat(parser.parse(right, 0, right.length)).isEqualTo(RequestParser.ERROR);
        parser.reset();
        assertThat(parser.parse(right, 0, right.length)).isEqualTo(RequestParser.COMPLETE);
    }

    @Nested
    class Limits {
        @Test
        void strangers_may_send_ten_arguments_of_16_kib() {
            assertThat(parseAsStranger("*10\r\n")).isEmpty();
            assertThat(parseAsStranger("*11\r\n")).isEqualTo("unauthenticated multibulk length");
            assertThat(parseAsStranger("*1\r\n$16384\r\n")).isEmpty();
            assertThat(parseAsStranger("*1\r\n$16385\r\n")).isEqualTo("unauthenticated bulk length");
            assertThat(parseAsStranger("*1\r\n$536870913\r\n")).isEqualTo("invalid bulk length");
        }

        @Test
        void a_login_in_the_middle_of_a_pipeline_counts_for_the_next_request() {
            byte[] bytes = bytes("*1\r\n$4\r\nAUTH\r\n*1\r\n$20000\r\n" + "x".repeat(20_000) + "\r\n");
            RequestParser parser = new RequestParser();
            parser.setAuthenticated(false);
            assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(RequestParser.COMPLETE);
            parser.setAuthenticated(true);
            assertThat(parser.parse(bytes, parser.next(), bytes.length)).isEqualTo(RequestParser.COMPLETE);
            assertThat(parser.argLength(0)).isEqualTo(20_000);
        }

        @Test
        void the_most_bytes_of_an_argument_are_a_setting() {
            RequestParser parser = new RequestParser();
            parser.setMaxBulk(3);
            byte[] fits = bytes("*1\r\n$3\r\nabc\r\n");
            byte[] tooLong = bytes("*1\r\n$4\r\n");
            assertThat(parser.parse(fits, 0, fits.length)).isEqualTo(RequestParser.COMPLETE);
            assertThat(parser.parse(tooLong, 0, tooLong.length)).isEqualTo(RequestParser.ERROR);
        }

        @Test
        void announced_sizes_allocate_nothing() {
            RequestParser parser = new RequestParser();
            byte[] bytes = bytes("*2147483647\r\n$536870912\r\n");
            assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(RequestParser.INCOMPLETE);
            assertThat(parser.bytesWanted()).isEqualTo(536_870_914L);
            assertThat(parser.starts().length).isLessThan(16);
        }

        private String parseAsStranger(String input) {
            RequestParser parser = new RequestParser();
            parser.setAuthenticated(false);
            byte[] bytes = bytes(input);
            parser.parse(bytes, 0, bytes.length);
            String line = new String(parser.errorLine(), StandardCharsets.ISO_8859_1);
            return line.isEmpty() ? "" : line.substring(PROTOCOL_ERROR.length(), line.length() - 2);
        }
    }

    @Test
    void skipped_requests_are_consumed_before_the_pending_one_is_complete() {
        RequestParser parser = new RequestParser();
        byte[] bytes = bytes("..\r\n*0\r\n*1\r\n$4\r\nPI");
        assertThat(parser.parse(bytes, 2, bytes.length)).isEqualTo(RequestParser.INCOMPLETE);
        assertThat(parser.consumed()).isEqualTo(6);
        assertThat(parser.next()).isEqualTo(8);
        assertThat(parser.bytesWanted()).isEqualTo(4);
        assertThat(parser.isPending()).isTrue();
    }

    @Test
    void a_huge_request_in_pieces_is_read_once_and_its_arrays_are_given_back() {
        int count = 200_000;
        byte[] bytes = bytes("*" + count + "\r\n" + "$1\r\nx\r\n".repeat(count));
        RequestParser parser = new RequestParser();
        for (int limit = 0; limit < bytes.length; limit += 100) { // Quadratic work would take minutes here.
            assertThat(parser.parse(bytes, 0, limit) == RequestParser.INCOMPLETE)
                    .isTrue();
        }
        assertThat(parser.parse(bytes, 0, bytes.length)).isEqualTo(RequestParser.COMPLETE);
        assertThat(parser.argCount()).isEqualTo(count);
        assertThat(parser.argStart(count - 1)).isEqualTo(bytes.length - 3);
        parser.release();
        assertThat(parser.starts()).hasSizeLessThanOrEqualTo(8);
        assertThat(parser.argBuffer()).isEmpty();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void random_bytes_give_the_same_result_whole_and_in_pieces(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        String alphabet = "*$12-0\r\n\r\n\"'\\ x\0ab";
        for (int round = 0; round < 5_000; round++) {
            byte[] bytes = new byte[random.nextInt(40)];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = random.nextInt(20) == 0
                        ? (byte) random.nextInt(256)
                        : (byte) alphabet.charAt(random.nextInt(alphabet.length()));
            }
            List<List<String>> whole = feed(bytes, Math.max(1, bytes.length));
            assertThat(feed(bytes, 1)).as(() -> Arrays.toString(bytes)).isEqualTo(whole);
            assertThat(feed(bytes, 1 + random.nextInt(7)))
                    .as(() -> Arrays.toString(bytes))
                    .isEqualTo(whole);
        }
    }

    @Test
    void lines_of_a_configuration_split_like_inline_requests() {
        assertThat(split("save  \"a b\" 'c'")).containsExactly("save", "a b", "c");
        assertThat(split("")).isEmpty();
        assertThat(split("x \"\\x00\"")).containsExactly("x", "\0");
        assertThat(ArgumentLine.splitArguments(bytes("a \"b"))).isNull();
        assertThat(ArgumentLine.splitArguments(bytes("a 'b'c"))).isNull();
    }

    private static List<String> split(String line) {
        List<byte[]> arguments = ArgumentLine.splitArguments(bytes(line));
        assertThat(arguments).isNotNull();
        return arguments.stream()
                .map(a -> new String(a, StandardCharsets.ISO_8859_1))
                .toList();
    }

    /** Delivers the bytes in pieces, each time in another array at another index, and drops what was consumed. */
    private static List<List<String>> feed(byte[] bytes, int piece) {
        RequestParser parser = new RequestParser();
        List<List<String>> requests = new ArrayList<>();
        int dropped = 0;
        for (int arrived = Math.min(piece, bytes.length); ; arrived = Math.min(arrived + piece, bytes.length)) {
            int shift = arrived % 5;
            byte[] buffer = new byte[shift + arrived - dropped + 3];
            Arrays.fill(buffer, (byte) '\n');
            System.arraycopy(bytes, dropped, buffer, shift, arrived - dropped);
            int limit = shift + arrived - dropped;
            int from = shift;
            int result = parser.parse(buffer, from, limit);
            while (result == RequestParser.COMPLETE) {
                List<String> arguments = new ArrayList<>();
                for (int i = 0; i < parser.argCount(); i++) {
                    arguments.add(new String(
                            parser.argBuffer(), parser.argStart(i), parser.argLength(i), StandardCharsets.ISO_8859_1));
                }
                requests.add(arguments);
                from = parser.next();
                result = parser.parse(buffer, from, limit);
            }
            if (result == RequestParser.ERROR) {
                requests.add(List.of(new String(parser.errorLine(), StandardCharsets.ISO_8859_1)));
                return requests;
            }
            assertThat(parser.next()).isEqualTo(from + parser.consumed());
            dropped += parser.next() - shift;
            if (arrived == bytes.length) {
                return requests;
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}

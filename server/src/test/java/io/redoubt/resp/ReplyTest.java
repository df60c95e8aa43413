package io.redoubt.resp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ReplyTest {
    static Stream<Arguments> everyKind() {
        return Stream.of(
                kind(Reply::ok, "+OK\r\n", "+OK\r\n"),
                kind(Reply::pong, "+PONG\r\n", "+PONG\r\n"),
                kind(Reply::queued, "+QUEUED\r\n", "+QUEUED\r\n"),
                kind(r -> r.status("a\r\nb"), "+a  b\r\n", "+a  b\r\n"),
                kind(r -> r.error("ERR a\nb"), "-ERR a b\r\n", "-ERR a b\r\n"),
                kind(r -> r.error(bytes("-ERR x\r\n")), "-ERR x\r\n", "-ERR x\r\n"),
                kind(r -> r.error(bytes("?ERR\r"), 1, 4), "-ERR \r\n", "-ERR \r\n"),
                kind(r -> r.integer(0), ":0\r\n", ":0\r\n"),
                kind(r -> r.integer(-12), ":-12\r\n", ":-12\r\n"),
                kind(r -> r.integer(Long.MIN_VALUE), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"),
                kind(r -> r.bulk(bytes("xabcx"), 1, 3), "$3\r\nabc\r\n", "$3\r\nabc\r\n"),
                kind(r -> r.bulk(""), "$0\r\n\r\n", "$0\r\n\r\n"),
                kind(r -> r.bulk("é"), "$2\r\né\r\n", "$2\r\né\r\n"),
                kind(r -> r.bulkInteger(-1234567890), "$11\r\n-1234567890\r\n", "$11\r\n-1234567890\r\n"),
                kind(Reply::nil, "$-1\r\n", "_\r\n"),
                kind(Reply::nilArray, "*-1\r\n", "_\r\n"),
                kind(Reply::emptyArray, "*0\r\n", "*0\r\n"),
                kind(r -> r.arrayHeader(12), "*12\r\n", "*12\r\n"),
                kind(r -> r.mapHeader(6), "*12\r\n", "%6\r\n"),
                kind(r -> r.setHeader(2), "*2\r\n", "~2\r\n"),
                kind(r -> r.pushHeader(3), "*3\r\n", ">3\r\n"),
                kind(r -> r.real(3), "$1\r\n3\r\n", ",3\r\n"),
                kind(r -> r.real(0.1), "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n"),
                kind(r -> r.real(Double.POSITIVE_INFINITY), "$3\r\ninf\r\n", ",inf\r\n"),
                kind(r -> r.real(Double.NEGATIVE_INFINITY), "$4\r\n-inf\r\n", ",-inf\r\n"),
                kind(r -> r.bool(true), ":1\r\n", "#t\r\n"),
                kind(r -> r.bool(false), ":0\r\n", "#f\r\n"),
                kind(r -> r.bigNumber(bytes("123"), 0, 3), "$3\r\n123\r\n", "(123\r\n"),
                kind(r -> r.verbatim("txt", bytes("hello")), "$5\r\nhello\r\n", "=9\r\ntxt:hello\r\n"));
    }

    private static Arguments kind(Consumer<Reply> write, String resp2, String resp3) {
        return Arguments.of(write, resp2, resp3);
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void each_kind_is_written_in_both_protocols(Consumer<Reply> write, String resp2, String resp3) {
        Reply reply = new Reply();
        write.accept(reply);
        assertThat(text(reply)).isEqualTo(resp2);
        reply.reset();
        reply.setProtocol(3);
        write.accept(reply);
        assertThat(text(reply)).isEqualTo(resp3);
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void each_kind_grows_the_buffer_wherever_it_ends(Consumer<Reply> write, String resp2, String resp3) {
        for (int filled = 960; filled <= 1024; filled++) {
            Reply reply = new Reply();
            reply.setProtocol(filled % 2 == 0 ? 2 : 3);
            reply.raw(new byte[filled], 0, filled);
            write.accept(reply);
            assertThat(text(reply).substring(filled)).isEqualTo(filled % 2 == 0 ? resp2 : resp3);
        }
    }

    @Test
    void arrays_of_unknown_length_nest() {
        for (int count : new int[] {0, 1, 9, 10, 1234}) {
            Reply reply = new Reply();
            int outer = reply.beginArray();
            int inner = reply.beginArray();
            for (int i = 0; i < count; i++) {
                reply.integer(7);
            }
            reply.endArray(inner, count);
            reply.ok();
            reply.endArray(outer, 2);
            assertThat(text(reply)).isEqualTo("*2\r\n*" + count + "\r\n" + ":7\r\n".repeat(count) + "+OK\r\n");
        }
    }

    @Test
    void maps_and_sets_of_unknown_length_follow_the_protocol() {
        Reply reply = new Reply();
        reply.endMap(reply.beginArray(), 6);
        reply.endSet(reply.beginArray(), 6);
        reply.setProtocol(3);
        reply.endMap(reply.beginArray(), 6);
        reply.endSet(reply.beginArray(), 6);
        assertThat(text(reply)).isEqualTo("*12\r\n*6\r\n%6\r\n~6\r\n");
    }

    @Test
    void truncating_forgets_what_came_after_the_mark() {
        Reply reply = new Reply();
        reply.ok();
        int mark = reply.mark();
        reply.bulk("secret");
        reply.truncate(mark);
        reply.pong();
        assertThat(text(reply)).isEqualTo("+OK\r\n+PONG\r\n");
    }

    @Test
    void errors_are_counted_and_told_to_the_listener() {
        List<String> heard = new ArrayList<>();
        Reply reply = new Reply();
        reply.setErrorListener(
                (buffer, start, end) -> heard.add(new String(buffer, start, end - start, StandardCharsets.UTF_8)));
        assertThat(reply.lastErrorCode()).isEmpty();
        reply.ok();
        reply.error("WRONGTYPE Operation against a key");
        reply.error(bytes("-OOM\r\n"));
        assertThat(heard).containsExactly("WRONGTYPE Operation against a key", "OOM");
        assertThat(reply.errorCount()).isEqualTo(2);
        assertThat(reply.lastErrorCode()).isEqualTo("OOM");
        reply.reset();
        assertThat(reply.errorCount()).isEqualTo(2);
        assertThat(reply.lastErrorCode()).isEmpty();
    }

    @Test
    void a_large_array_is_given_back_after_small_replies() {
        Reply reply = new Reply();
        reply.bulk(new byte[1 << 20]);
        for (int i = 0; i < 20; i++) {
            reply.reset();
            reply.ok();
        }
        assertThat(reply.buffer().length).isLessThanOrEqualTo(64 * 1024);
        assertThat(text(reply)).isEqualTo("+OK\r\n");
        reply.release();
        assertThat(reply.buffer()).isEmpty();
        reply.ok();
        assertThat(text(reply)).isEqualTo("+OK\r\n");
    }

    @Test
    void space_for_a_bulk_string_is_filled_by_the_caller() {
        Reply reply = new Reply();
        int start = reply.bulkSpace(3);
        System.arraycopy(bytes("abc"), 0, reply.buffer(), start, 3);
        assertThat(text(reply)).isEqualTo("$3\r\nabc\r\n");
    }

    @Test
    void shared_bytes_stand_where_they_belong() {
        Reply reply = new Reply();
        byte[] large = bytes("large");
        int mark = reply.beginArray();
        reply.bulkShared(large, 0, 5);
        for (int i = 0; i < 20; i++) {
            reply.integer(i % 10);
        }
        reply.bulkShared(large, 1, 3);
        reply.endArray(mark, 22); // Two digits: what is inside moves.
        int end = reply.mark();
        reply.bulkShared(large, 0, 5);
        reply.truncate(end);
        assertThat(reply.sharedCount()).isEqualTo(2);
        assertThat(reply.totalLength()).isEqualTo(reply.length() + 8);
        assertThat(text(reply)).startsWith("*22\r\n$5\r\nlarge\r\n:0\r\n").endsWith(":9\r\n$3\r\narg\r\n");
    }

    @Test
    void without_room_nothing_is_appended() {
        Reply reply = new Reply();
        reply.ok();
        reply.setRoom(_ -> false);
        byte[] large = new byte[100_000];
        assertThatExceptionOfType(ReplyTooLargeException.class).isThrownBy(() -> reply.bulk(large));
        assertThat(text(reply)).isEqualTo("+OK\r\n");
    }

    private static String text(Reply reply) {
        return new String(reply.bytes(), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that wait for entries of streams. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class StreamWaitingTest {
    @RegisterExtension
    final RedoubtServer server;

    private int blocked;

    StreamWaitingTest(int ioThreads) {
        server = RedoubtServer.with("security-profile strict").ioThreads(ioThreads);
    }

    /** Sends a request that is not answered yet, and waits until its client waits. */
    private RespClient waiting(String request) {
        var client = server.client();
        client.sendRaw(RespClient.request(request.split(" ")));
        awaitBlocked(blocked + 1);
        return client;
    }

    private void awaitBlocked(int count) {
        var client = server.client();
        while (!((String) client.send("INFO", "clients")).contains("blocked_clients:" + count + "\r\n")) {
            Thread.onSpinWait();
        }
        client.close();
        blocked = count;
    }

    private Object send(String request) {
        var client = server.client();
        Object reply = client.send(request.split(" "));
        client.close();
        return reply;
    }

    private static Object entry(String key, String id, String value) {
        return List.of(List.of(key, List.of(List.of(id, List.of("f", value)))));
    }

    @Test
    void xread_gets_what_comes_after_its_id_and_every_reader_gets_it() {
        send("XADD a 1-1 f 0");
        var first = waiting("XREAD BLOCK 0 STREAMS a $");
        var second = waiting("XREAD BLOCK 0 COUNT 1 STREAMS b a 0 $");
        send("XADD a 2-1 f 1");
        assertThat(first.read()).isEqualTo(entry("a", "2-1", "1"));
        assertThat(second.read()).isEqualTo(entry("a", "2-1", "1"));
        assertThat(send("XREAD BLOCK 0 STREAMS a 1-1")).isEqualTo(entry("a", "2-1", "1"));
        assertThat(send("XREAD BLOCK 1 STREAMS a $")).isNull();
    }

    @Test
    void each_entry_of_a_group_goes_to_one_consumer_and_who_waits_longest_is_first() {
        send("XGROUP CREATE a g $ MKSTREAM");
        send("XGROUP CREATE other g $ MKSTREAM");
        var waiters = new ArrayList<RespClient>();
        for (int i = 0; i < 4; i++) {
            waiters.add(waiting("XREADGROUP GROUP g c" + i + " BLOCK 0 STREAMS other a > >"));
        }
        for (int i = 0; i < 4; i++) {
            send("XADD a " + (i + 1) + "-0 f " + i);
            assertThat(waiters.get(i).read()).isEqualTo(entry("a", i + 1 + "-0", "" + i));
        }
        awaitBlocked(0);
        assertThat(send("XPENDING a g"))
                .isEqualTo(List.of(
                        4L,
                        "1-0",
                        "4-0",
                        List.of(List.of("c0", "1"), List.of("c1", "1"), List.of("c2", "1"), List.of("c3", "1"))));
    }

    @Test
    void what_one_takes_is_not_there_for_the_next() {
        send("XGROUP CREATE a g $ MKSTREAM");
        var first = waiting("XREADGROUP GROUP g c BLOCK 0 NOACK STREAMS a >");
        var second = waiting("XREADGROUP GROUP g d BLOCK 0 STREAMS a >");
        var client = server.client();
        client.send("MULTI");
        client.send("XADD", "a", "1-0", "f", "1");
        client.send("XADD", "a", "2-0", "f", "2");
        client.send("EXEC");
        assertThat(first.read().toString()).isEqualTo("[[a, [[1-0, [f, 1]], [2-0, [f, 2]]]]]");
        awaitBlocked(1);
        client.send("XADD", "a", "3-0", "f", "3");
        assertThat(second.read()).isEqualTo(entry("a", "3-0", "3"));
        assertThat(((List<?>) send("XPENDING a g")).getFirst()).isEqualTo(1L);
    }

    @ParameterizedTest
    @ValueSource(strings = {"DEL a", "SET a 1", "RENAME a b", "RENAME text a", "FLUSHALL", "SWAPDB 0 1", "MOVE a 1"})
    void who_waits_in_a_group_learns_that_its_stream_is_gone(String change) {
        send("SET text 1");
        send("XGROUP CREATE a g $ MKSTREAM");
        var waiter = waiting("XREADGROUP GROUP g c BLOCK 0 STREAMS a >");
        send(change);
        assertThat(waiter.read()).isEqualTo(RespError.error("UNBLOCKED the stream key no longer exists"));
        awaitBlocked(0);
    }

    @Test
    void who_waits_in_a_group_learns_that_it_is_gone() {
        send("XGROUP CREATE a g $ MKSTREAM");
        send("XGROUP CREATE a h $");
        var waiter = waiting("XREADGROUP GROUP g c BLOCK 0 STREAMS a >");
        send("XGROUP DESTROY a h");
        awaitBlocked(1);
        send("XGROUP DESTROY a g");
        assertThat(waiter.read())
                .isEqualTo(RespError.error("NOGROUP the consumer group this client was blocked on no longer exists"));
        assertThat(waiter.send("PING")).isEqualTo("PONG");
    }

    @Test
    void a_group_that_is_made_again_at_once_goes_on() {
        send("XGROUP CREATE a g $ MKSTREAM");
        var waiter = waiting("XREADGROUP GROUP g c BLOCK 0 STREAMS a >");
        var client = server.client();
        client.send("MULTI");
        client.send("DEL", "a");
        client.send("XGROUP", "CREATE", "a", "g", "$", "MKSTREAM");
        client.send("EXEC");
        awaitBlocked(1);
        client.send("XADD", "a", "9-0", "f", "1");
        assertThat(waiter.read()).isEqualTo(entry("a", "9-0", "1"));
    }

    @Test
    void a_transaction_that_watches_a_stream_does_not_mind_its_groups() {
        send("XGROUP CREATE a g 0 MKSTREAM");
        send("XADD a 1-0 f 1");
        var client = server.client();
        client.send("WATCH", "a");
        send("XREADGROUP GROUP g c STREAMS a >");
        send("XACK a g 1-0");
        send("XGROUP CREATE a h 0");
        send("XGROUP DESTROY a h");
        client.send("MULTI");
        client.send("PING");
        assertThat(client.send("EXEC")).isEqualTo(List.of("PONG"));
        client.send("WATCH", "a");
        send("XDEL a 1-0");
        client.send("MULTI");
        client.send("PING");
        assertThat(client.send("EXEC")).isNull();
    }

    @ParameterizedTest
    @CsvSource({"XREADGROUP GROUP g c BLOCK 1 STREAMS a >", "XREADGROUP GROUP g c STREAMS a >"})
    void nothing_comes_of_a_wait_in_vain(String request) {
        send("XGROUP CREATE a g $ MKSTREAM");
        assertThat(send(request)).isNull();
        assertThat(send("XINFO CONSUMERS a g")).isEqualTo(List.of());
    }

    @Test
    void a_user_whose_right_is_gone_meanwhile_gets_no_entry() {
        send("XGROUP CREATE a g $ MKSTREAM");
        send("ACL SETUSER reader on >r ~a +@all");
        var reader = server.clientAs("reader", "r");
        reader.sendRaw("XREADGROUP GROUP g c BLOCK 0 STREAMS a >\r\n");
        awaitBlocked(1);
        send("ACL SETUSER reader -xreadgroup");
        send("XADD a 1-0 f 1");
        assertThat(reader.read().toString()).contains("NOPERM");
        assertThat(send("XREADGROUP GROUP g d STREAMS a >")).isEqualTo(entry("a", "1-0", "1"));
    }
}

package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Clients that wait by BLPOP and its kin, by one event loop and by three. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class BlockingCommandsTest {
    /**
     * A request that waits for the key k, and what serves it.
     *
     * @param command where it says SECONDS or MILLIS, the time-out stands
     * @param fill makes the key; N stands for a number
     * @param reply what the waiting client is answered, as text
     */
    private record Blocking(String command, String fill, String reply) {
        private String[] waiting(double seconds) {
            return command.replace("SECONDS", Double.toString(seconds))
                    .replace("MILLIS", Long.toString((long) (seconds * 1000)))
                    .split(" ");
        }

        private String[] filling(int number) {
            return fill.replace("N", Integer.toString(number)).split(" ");
        }

        private String replied(int number) {
            return reply.replace("N", Integer.toString(number));
        }

        private boolean takes() {
            return !command.startsWith("XREAD");
        }

        @Override
        public String toString() {
            return command;
        }
    }

    private static Stream<Blocking> all() {
        return Stream.of(
                new Blocking("BLPOP x k SECONDS", "RPUSH k vN", "[k, vN]"),
                new Blocking("BRPOP k x SECONDS", "RPUSH k vN", "[k, vN]"),
                new Blocking("BLMOVE k d LEFT RIGHT SECONDS", "RPUSH k vN", "vN"),
                new Blocking("BLMOVEM k d LEFT RIGHT SECONDS COUNT 2 OBO", "RPUSH k vN", "[vN]"),
                new Blocking("BRPOPLPUSH k d SECONDS", "RPUSH k vN", "vN"),
                new Blocking("BLMPOP SECONDS 2 x k LEFT", "RPUSH k vN", "[k, [vN]]"),
                new Blocking("BZPOPMIN k x SECONDS", "ZADD k N v", "[k, v, N]"),
                new Blocking("BZPOPMAX x k SECONDS", "ZADD k N v", "[k, v, N]"),
                new Blocking("BZMPOP SECONDS 2 x k MAX", "ZADD k N v", "[k, [[v, N]]]"),
                new Blocking("XREAD BLOCK MILLIS STREAMS k $", "XADD k N-1 f v", "[[k, [[N-1, [f, v]]]]]"));
    }

    @RegisterExtension
    final RedoubtServer server;

    private int blocked;

    BlockingCommandsTest(int ioThreads) {
        server = RedoubtServer.with("security-profile strict").ioThreads(ioThreads);
    }

    private RespClient waiting(RespClient client, String... request) {
        client.sendRaw(RespClient.request(request));
        awaitBlocked(++blocked);
        return client;
    }

    private void awaitBlocked(int count) {
        try (var client = server.client()) {
            while (!((String) client.send("INFO", "clients")).contains("blocked_clients:" + count + "\r\n")) {
                Thread.onSpinWait();
            }
        }
        blocked = count;
    }

    private static String text(RespClient client) {
        return String.valueOf(client.read());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void who_waits_longest_for_a_key_is_served_first(Blocking blocking) {
        var waiters = new ArrayList<RespClient>();
        for (int i = 0; i < 4; i++) {
            waiters.add(waiting(server.client(), blocking.waiting(0)));
        }
        // Each from a connection of its own, so from different loops.
        for (int i = 0; i < 4; i++) {
            assertThat(server.client().send(blocking.filling(i + 1))).isNotInstanceOf(RespError.class);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(text(waiters.get(i))).isEqualTo(blocking.replied(blocking.takes() ? i + 1 : 1));
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void a_time_out_may_be_a_fraction_of_a_second(Blocking blocking) {
        var client = server.client();
        assertThat(client.send(blocking.waiting(0.02))).isNull();
        client.send("HELLO", "3");
        assertThat(client.send(blocking.waiting(0.001))).isNull();
        assertThat(client.send(blocking.filling(1))).isNotInstanceOf(RespError.class);
        assertThat(client.send("EXISTS", "k")).isEqualTo(1L);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void client_unblock_ends_a_wait(Blocking blocking) {
        var admin = server.client();
        var client = server.client();
        String id = String.valueOf(client.send("CLIENT", "ID"));
        waiting(client, blocking.waiting(0));
        assertThat(admin.send("CLIENT", "UNBLOCK", id)).isEqualTo(1L);
        assertThat(client.read()).isNull();
        awaitBlocked(0);
        waiting(client, blocking.waiting(0));
        assertThat(admin.send("CLIENT", "UNBLOCK", id, "ERROR")).isEqualTo(1L);
        assertThat(client.read()).isEqualTo(RespError.error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
        admin.send(blocking.filling(1));
        assertThat(admin.send("EXISTS", "k")).isEqualTo(1L);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void a_key_of_another_type_serves_nobody_and_what_follows_it_does(Blocking blocking) {
        var waiter = waiting(server.client(), blocking.waiting(0));
        var client = server.client();
        client.send("SET", "k", "text");
        client.send("SADD", "s", "member");
        client.send("RENAME", "s", "k");
        client.send("DEL", "k");
        client.send("MULTI");
        client.send(blocking.filling(1));
        client.send("DEL", "k");
        assertThat((List<?>) client.send("EXEC")).hasSize(2);
        awaitBlocked(1);
        client.send(blocking.filling(2));
        assertThat(text(waiter)).isEqualTo(blocking.replied(2));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void a_client_that_is_gone_takes_nothing(Blocking blocking) {
        var first = waiting(server.client(), blocking.waiting(0));
        var second = waiting(server.client(), blocking.waiting(0));
        first.close();
        awaitBlocked(1);
        server.client().send(blocking.filling(1));
        assertThat(text(second)).isEqualTo(blocking.replied(1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void who_lost_the_right_while_waiting_is_denied_and_the_next_is_served(Blocking blocking) {
        var admin = server.client();
        admin.send("ACL", "SETUSER", "anna", "on", ">pw", "~*", "+@all");
        var anna = waiting(server.clientAs("anna", "pw"), blocking.waiting(0));
        var other = waiting(server.client(), blocking.waiting(0));
        admin.send("ACL", "SETUSER", "anna", "resetkeys", "~x", "~d");
        admin.send(blocking.filling(1));
        assertThat(text(anna)).startsWith("-NOPERM");
        assertThat(text(other)).isEqualTo(blocking.replied(1));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("all")
    void a_transaction_serves_who_waits_when_it_ends(Blocking blocking) {
        var waiter = waiting(server.client(), blocking.waiting(0));
        var client = server.client();
        client.sendRaw(RespClient.request("MULTI"));
        client.sendRaw(RespClient.request(blocking.filling(1)));
        client.sendRaw(RespClient.request("EXISTS", "k"));
        client.sendRaw(RespClient.request("EXEC"));
        client.sendRaw(RespClient.request("EXISTS", "k"));
        for (int i = 0; i < 3; i++) {
            client.read();
        }
        assertThat(client.read()).asString().endsWith(", 1]");
        assertThat(client.read()).isEqualTo(blocking.takes() ? 0L : 1L);
        assertThat(text(waiter)).isEqualTo(blocking.replied(1));
    }

    @Test
    void an_element_that_cannot_be_moved_stays() {
        var client = server.client();
        var waiter = waiting(server.client(), "BLMOVE", "k", "d", "LEFT", "RIGHT", "0");
        client.send("SET", "d", "text");
        client.send("RPUSH", "k", "v");
        assertThat(text(waiter)).startsWith("-WRONGTYPE");
        assertThat(client.send("LRANGE", "k", "0", "-1")).isEqualTo(List.of("v"));
    }

    @Test
    void who_wants_an_exact_number_waits_until_there_are_so_many() {
        var client = server.client();
        client.send("RPUSH", "k", "1");
        var waiter = waiting(server.client(), "BLMOVEM", "k", "d", "LEFT", "RIGHT", "0", "EXACTLY", "3", "BULK");
        client.send("RPUSH", "k", "2");
        assertThat(client.send("LLEN", "k")).isEqualTo(2L);
        client.send("RPUSH", "k", "3", "4");
        assertThat(text(waiter)).isEqualTo("[1, 2, 3]");
        assertThat(client.send("LRANGE", "k", "0", "-1")).isEqualTo(List.of("4"));
        client.send("MULTI");
        client.send("BLMOVEM", "k", "d", "LEFT", "RIGHT", "0", "EXACTLY", "3", "BULK");
        assertThat(String.valueOf(client.send("EXEC"))).isEqualTo("[null]");
    }

    @Test
    void one_write_of_many_elements_serves_as_many_clients() {
        var first = waiting(server.client(), "BLPOP", "k", "0");
        var second = waiting(server.client(), "BLMOVE", "k", "d", "RIGHT", "LEFT", "0");
        var third = waiting(server.client(), "BLMPOP", "0", "1", "k", "LEFT", "COUNT", "9");
        assertThat(server.client().send("RPUSH", "k", "1", "2", "3", "4")).isEqualTo(4L);
        assertThat(text(first)).isEqualTo("[k, 1]");
        assertThat(text(second)).isEqualTo("4");
        assertThat(text(third)).isEqualTo("[k, [2, 3]]");
    }
}

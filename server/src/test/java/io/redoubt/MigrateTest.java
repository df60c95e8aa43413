package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** MIGRATE, to a second server and to a peer that is slow. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MigrateTest {
    @RegisterExtension
    final RedoubtServer source = RedoubtServer.with("security-profile strict");

    @RegisterExtension
    final RedoubtServer target = RedoubtServer.with("requirepass secret");

    private RespClient here() {
        return source.client();
    }

    private RespClient there() {
        return target.clientAs("default", "secret");
    }

    private String port() {
        return Integer.toString(target.port());
    }

    @Test
    void moves_a_value_of_any_type_with_its_expiry() {
        var client = here();
        client.send("RPUSH", "list", "a", "b");
        client.send("SET", "text", "v", "EX", "1000");
        for (String key : List.of("list", "text")) {
            assertThat(client.send("MIGRATE", "127.0.0.1", port(), key, "0", "5000", "AUTH", "secret"))
                    .isEqualTo("OK");
            assertThat(client.send("EXISTS", key)).isEqualTo(0L);
        }
        assertThat(there().send("LRANGE", "list", "0", "-1")).isEqualTo(List.of("a", "b"));
        assertThat((Long) there().send("TTL", "text")).isBetween(900L, 1000L);
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "text", "0", "5000", "AUTH", "secret"))
                .isEqualTo("NOKEY");
    }

    @Test
    void copies_replaces_and_refuses_what_is_there_already() {
        var client = here();
        client.send("SET", "k", "new");
        there().send("SET", "k", "old");
        String[] plain = {"MIGRATE", "127.0.0.1", port(), "k", "0", "5000", "COPY", "AUTH2", "default", "secret"};
        assertThat(client.send(plain))
                .isEqualTo(RespError.error(
                        "ERR Target instance replied with error: BUSYKEY Target key name already" + " exists."));
        assertThat(there().send("GET", "k")).isEqualTo("old");
        plain[6] = "REPLACE";
        assertThat(client.send(plain)).isEqualTo("OK");
        assertThat(there().send("GET", "k")).isEqualTo("new");
        assertThat(client.send("EXISTS", "k")).isEqualTo(0L);
    }

    @Test
    void moves_those_of_many_keys_that_are_there() {
        var client = here();
        client.send("MSET", "a", "1", "b", "2", "c", "3");
        assertThat(client.send(
                        "MIGRATE", "127.0.0.1", port(), "", "2", "5000", "AUTH", "secret", "KEYS", "a", "none", "b"))
                .isEqualTo("OK");
        assertThat(client.send("EXISTS", "a", "b", "c")).isEqualTo(1L);
        var other = there();
        other.send("SELECT", "2");
        assertThat(other.send("MGET", "a", "b")).isEqualTo(List.of("1", "2"));
        assertThat(client.send("COMMAND", "GETKEYS", "MIGRATE", "h", "1", "", "0", "9", "KEYS", "a", "b"))
                .isEqualTo(List.of("a", "b"));
    }

    @Test
    void what_goes_wrong_leaves_the_key_where_it_is() throws IOException {
        var client = here();
        client.send("SET", "k", "v");
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "k", "0", "5000", "AUTH", "wrong"))
                .asString()
                .startsWith("-ERR Target instance replied with error: WRONGPASS");
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "k", "99", "5000", "AUTH", "secret"))
                .isEqualTo(RespError.error("ERR Target instance replied with error: ERR DB index is out of range"));
        assertThat(client.send("MIGRATE", "127.0.0.1", "1", "k", "0", "5000"))
                .isEqualTo(RespError.error("IOERR error or timeout connecting to the client"));
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "k", "0", "5000", "KEYS", "k"))
                .isEqualTo(RespError.error(
                        "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"));
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "k", "0", "5000", "WHAT"))
                .isEqualTo(RespError.error("ERR syntax error"));
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "k", "x", "5000"))
                .isEqualTo(RespError.error("ERR value is not an integer or out of range"));
        try (var silent = peer()) {
            assertThat(client.send("MIGRATE", "127.0.0.1", "" + silent.getLocalPort(), "k", "0", "20"))
                    .isEqualTo(RespError.error("IOERR error or timeout reading from target instance"));
        }
        assertThat(client.send("GET", "k")).isEqualTo("v");
    }

    @Test
    void runs_in_a_transaction_where_every_request_sees_what_the_one_before_has_done() {
        var client = here();
        client.send("MSET", "a", "1", "b", "2");
        client.send("MULTI");
        client.send("INCR", "c");
        client.send("MIGRATE", "127.0.0.1", port(), "a", "0", "5000", "AUTH", "secret");
        client.send("EXISTS", "a", "b", "c");
        client.send("MIGRATE", "127.0.0.1", port(), "b", "0", "5000", "AUTH", "wrong");
        client.send("MIGRATE", "127.0.0.1", port(), "none", "0", "5000");
        client.send("SET", "a", "again");
        var replies = (List<?>) client.send("EXEC");
        assertThat(replies.subList(0, 3)).isEqualTo(List.of(1L, "OK", 2L));
        assertThat(replies.get(3)).asString().startsWith("-ERR Target instance replied with error: WRONGPASS");
        assertThat(replies.subList(4, 6)).isEqualTo(List.of("NOKEY", "OK"));
        assertThat(client.send("MGET", "a", "b", "c")).isEqualTo(List.of("again", "2", "1"));
        assertThat(there().send("GET", "a")).isEqualTo("1");
    }

    @Test
    void sends_no_key_that_the_same_transaction_writes_before() {
        var client = here();
        for (var before : List.of(List.of("SET", "a", "1"), List.of("FLUSHALL"), List.of("SELECT", "1"))) {
            client.send("SET", "a", "old");
            client.send("MULTI");
            client.send(before.toArray(String[]::new));
            client.send("MIGRATE", "127.0.0.1", port(), "a", "0", "5000", "AUTH", "secret");
            assertThat(client.send("EXEC"))
                    .asString()
                    .startsWith("-EXECABORT Transaction discarded because of: MIGRATE");
            assertThat(client.send("GET", "a")).isEqualTo("old");
            assertThat(there().send("EXISTS", "a")).isEqualTo(0L);
        }
    }

    @Test
    void a_transaction_waits_until_the_other_server_has_what_it_deletes() throws IOException {
        var client = here();
        client.send("SET", "k", "first");
        try (var slow = peer()) {
            client.send("MULTI");
            client.send("MIGRATE", "127.0.0.1", "" + slow.getLocalPort(), "k", "0", "9000");
            client.send("EXISTS", "k");
            client.sendRaw(RespClient.request("EXEC"));
            try (var connection = slow.accept()) {
                received(connection, "first");
                assertThat(here().send("SET", "k", "second")).isEqualTo("OK");
                answer(connection);
            }
            try (var connection = slow.accept()) {
                assertThat(received(connection, "REPLACE")).contains("second");
                answer(connection);
            }
            assertThat(client.read()).isEqualTo(List.of("OK", 0L));
        }
    }

    @Test
    void a_watched_key_that_changes_while_it_sends_ends_the_transaction() throws IOException {
        var client = here();
        client.send("MSET", "k", "v", "watched", "1");
        try (var slow = peer()) {
            client.send("WATCH", "watched");
            client.send("MULTI");
            client.send("MIGRATE", "127.0.0.1", "" + slow.getLocalPort(), "k", "0", "9000");
            client.sendRaw(RespClient.request("EXEC"));
            try (var connection = slow.accept()) {
                received(connection, "RESTORE");
                here().send("INCR", "watched");
                answer(connection);
            }
            assertThat(client.read()).isNull();
            assertThat(client.send("EXISTS", "k")).isEqualTo(1L);
        }
    }

    /** The loop serves others meanwhile; what they change is not lost. */
    @Test
    void a_value_that_changes_on_its_way_is_sent_again() throws IOException {
        var client = here();
        client.send("SET", "k", "first");
        try (var slow = peer()) {
            client.sendRaw(RespClient.request("MIGRATE", "127.0.0.1", "" + slow.getLocalPort(), "k", "0", "9000"));
            client.sendRaw(RespClient.request("EXISTS", "k"));
            try (var connection = slow.accept()) {
                assertThat(received(connection, "first")).doesNotContain("REPLACE");
                assertThat(here().send("SET", "k", "second")).isEqualTo("OK");
                answer(connection);
            }
            try (var connection = slow.accept()) {
                assertThat(received(connection, "REPLACE")).contains("second");
                answer(connection);
            }
            assertThat(client.read()).isEqualTo("OK");
            assertThat(client.read()).isEqualTo(0L);
        }
    }

    @Test
    void keeps_a_connection_for_who_gives_the_same_password() {
        var client = here();
        client.send("MSET", "a", "1", "b", "2", "c", "3");
        client.send("MIGRATE", "127.0.0.1", port(), "a", "0", "5000", "AUTH", "secret");
        assertThat(client.send("INFO", "stats")).asString().contains("migrate_cached_sockets:1\r\n");
        var other = there();
        long connections = connections(other);
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "b", "0", "5000", "AUTH", "secret"))
                .isEqualTo("OK");
        assertThat(connections(other)).isEqualTo(connections);
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "c", "0", "5000"))
                .asString()
                .startsWith("-ERR Target instance replied with error: NOAUTH");
        assertThat(client.send("INFO", "stats")).asString().contains("migrate_cached_sockets:2\r\n");
        other.send("CLIENT", "KILL", "SKIPME", "yes", "TYPE", "normal");
        assertThat(client.send("MIGRATE", "127.0.0.1", port(), "c", "0", "5000", "AUTH", "secret"))
                .isEqualTo("OK");
        assertThat(client.send("EXISTS", "a", "b", "c")).isEqualTo(0L);
    }

    private static long connections(RespClient client) {
        String stats = String.valueOf(client.send("INFO", "stats"));
        int at = stats.indexOf("total_connections_received:") + "total_connections_received:".length();
        return Long.parseLong(stats.substring(at, stats.indexOf('\r', at)));
    }

    /** Another server, which fails the test if nobody comes. */
    private static ServerSocket peer() throws IOException {
        var peer = new ServerSocket(0, 2, InetAddress.getLoopbackAddress());
        peer.setSoTimeout(20_000);
        return peer;
    }

    private static String received(Socket connection, String last) throws IOException {
        var text = new StringBuilder();
        while (text.indexOf(last) < 0) {
            int next = connection.getInputStream().read();
            assertThat(next).isNotNegative();
            text.append((char) next);
        }
        return text.toString();
    }

    private static void answer(Socket connection) throws IOException {
        // Who closes with something unread resets the connection, and the answer may be lost.
        connection.getInputStream().skipNBytes(connection.getInputStream().available());
        connection.getOutputStream().write("+OK\r\n+OK\r\n".getBytes(StandardCharsets.US_ASCII));
    }
}

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
        try (var silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThat(client.send("MIGRATE", "127.0.0.1", "" + silent.getLocalPort(), "k", "0", "20"))
                    .isEqualTo(RespError.error("IOERR error or timeout reading from target instance"));
        }
        client.send("MULTI");
        client.send("MIGRATE", "127.0.0.1", port(), "k", "0", "5000", "AUTH", "secret");
        assertThat((List<?>) client.send("EXEC"))
                .isEqualTo(List.of(RespError.error("ERR MIGRATE cannot run inside a transaction")));
        assertThat(client.send("GET", "k")).isEqualTo("v");
    }

    /** The loop serves others meanwhile; what they change is not lost. */
    @Test
    void a_value_that_changes_on_its_way_is_sent_again() throws IOException {
        var client = here();
        client.send("SET", "k", "first");
        try (var slow = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
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
        connection.getOutputStream().write("+OK\r\n+OK\r\n".getBytes(StandardCharsets.US_ASCII));
    }
}

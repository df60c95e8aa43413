package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The limits that one client meets, changed while it is connected and seen from outside. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class ClientLimitsTest {
    private static final String LIMIT = "client-output-buffer-limit";
    private static final String DISCONNECTIONS = "client_output_buffer_limit_disconnections:";
    private static final int MANY = 300;

    @RegisterExtension
    final RedoubtServer server;

    ClientLimitsTest(int ioThreads) {
        server = RedoubtServer.with().ioThreads(ioThreads);
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
        }
    }

    private static boolean has(RespClient admin, String section, String text) {
        return String.valueOf(admin.send("INFO", section)).contains(text);
    }

    private static boolean isListed(RespClient admin, String name) {
        return String.valueOf(admin.send("CLIENT", "LIST")).contains(" name=" + name + " ");
    }

    /** A client with more than 20 MB of replies that it does not read. */
    private RespClient deafReader(RespClient admin) {
        admin.send("SET", "big", "x".repeat(100_000));
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        deaf.send("CLIENT", "SETNAME", "deaf");
        deaf.sendRaw("GET big\r\n".repeat(MANY));
        return deaf;
    }

    @Test
    void replies_above_the_soft_limit_for_its_seconds_end_a_connection() {
        var admin = server.client();
        assertThat(admin.send("CONFIG", "SET", LIMIT, "normal 0 1mb 1")).isEqualTo("OK");
        deafReader(admin);
        await("the client is closed", () -> has(admin, "stats", DISCONNECTIONS + "1\r"));
        assertThat(isListed(admin, "deaf")).isFalse();
        assertThat(server.logged()).contains("scheduled to be closed ASAP for overcoming of output buffer limits");
    }

    @Test
    void a_soft_limit_set_at_run_time_counts_for_who_is_above_it_already() {
        var admin = server.client();
        deafReader(admin);
        assertThat(isListed(admin, "deaf")).isTrue();
        assertThat(admin.send("CONFIG", "SET", LIMIT, "normal 0 1mb 1")).isEqualTo("OK");
        await("the client is closed", () -> has(admin, "stats", DISCONNECTIONS + "1\r"));
    }

    @Test
    void who_reads_below_the_soft_limit_again_in_time_stays() {
        var admin = server.client();
        admin.send("CONFIG", "SET", LIMIT, "normal 0 1mb 60");
        var late = deafReader(admin);
        for (int i = 0; i < MANY; i++) {
            assertThat(late.read()).asString().hasSize(100_000);
        }
        assertThat(late.send("PING")).isEqualTo("PONG");
        assertThat(has(admin, "stats", DISCONNECTIONS + "0\r")).isTrue();
    }

    @Test
    void a_subscriber_has_a_soft_limit_of_its_own() {
        var admin = server.client();
        assertThat(admin.send("CONFIG", "SET", LIMIT, "pubsub 0 1mb 1")).isEqualTo("OK");
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        deaf.send("SUBSCRIBE", "news");
        var normal = deafReader(admin);
        String message = "m".repeat(100_000);
        for (int i = 0; i < MANY; i++) {
            admin.send("PUBLISH", "news", message);
        }
        await("the subscriber is closed", () -> has(admin, "stats", DISCONNECTIONS + "1\r"));
        assertThat(admin.send("PUBLISH", "news", "again")).isEqualTo(0L);
        assertThat(isListed(admin, "deaf"))
                .as("who has not subscribed has no limit")
                .isTrue();
        normal.close();
    }

    @Test
    void a_query_above_its_limit_ends_the_connection() {
        var admin = server.client();
        var large = server.client();
        assertThat(admin.send("CONFIG", "SET", "client-query-buffer-limit", "1mb"))
                .isEqualTo("OK");
        try {
            large.sendRaw("*2\r\n$4\r\nECHO\r\n$3000000\r\n" + "x".repeat(3_000_000) + "\r\n");
        } catch (UncheckedIOException closed) {
            assertThat(closed).hasMessageNotContaining("timed out");
        }
        await("it is closed", () -> has(admin, "stats", "client_query_buffer_limit_disconnections:1\r"));
        assertThat(server.logged()).contains("reached max query buffer length");
        assertThat(server.client().send("ECHO", "x".repeat(500_000))).asString().hasSize(500_000);
    }

    @Test
    void an_idle_client_goes_after_the_timeout_but_no_subscriber_and_nobody_who_waits() {
        var admin = server.client();
        var subscriber = server.client();
        subscriber.send("SUBSCRIBE", "news");
        var waiting = server.client();
        waiting.sendRaw("BLPOP list 0\r\n");
        var idle = server.client();
        idle.send("CLIENT", "SETNAME", "idle");
        assertThat(admin.send("CONFIG", "SET", "timeout", "1")).isEqualTo("OK");
        await("the idle client is closed", () -> !isListed(admin, "idle"));
        assertThat(idle.readToEnd()).isEmpty();
        admin.send("RPUSH", "list", "element");
        assertThat(waiting.read()).asString().contains("element");
        assertThat(admin.send("PUBLISH", "news", "hello")).isEqualTo(1L);
    }

    @Test
    void the_system_probes_silent_peers_as_often_as_tcp_keepalive_says() throws Exception {
        assumeTrue(Files.isReadable(Path.of("/proc/net/tcp")), "no /proc/net/tcp");
        var admin = server.client();
        admin.send("PING");
        assertThat(jiffiesToProbe()).isBetween(25_000L, 30_100L);
        admin.send("CONFIG", "SET", "tcp-keepalive", "0");
        admin.close();
        var second = server.client();
        second.send("PING");
        await("no timer for the new connection", () -> jiffiesToProbe() == 0);
    }

    /** What is left of the timer of the server's end of the only connection, in hundredths of a second; 0 for none. */
    private long jiffiesToProbe() {
        String port = String.format(Locale.ROOT, ":%04X ", server.port());
        long most = 0;
        for (var table : List.of("/proc/net/tcp", "/proc/net/tcp6")) { // A socket of Java's may be in either.
            try {
                for (var line : Files.readAllLines(Path.of(table))) {
                    var words = line.trim().split(" +");
                    boolean isOurs = (words[1] + " ").endsWith(port) && words[3].equals("01");
                    if (isOurs && words[5].startsWith("02:")) {
                        most = Math.max(most, Long.parseLong(words[5].substring(3), 16));
                    }
                }
            } catch (IOException _) {
                continue; // This system has no IPv6.
            }
        }
        return most;
    }

    @Test
    void more_clients_than_the_system_has_descriptors_for_are_refused_when_they_are_configured() {
        assertThat(server.client().send("CONFIG", "SET", "maxclients", "4000000000"))
                .asString()
                .startsWith(
                        "-ERR CONFIG SET failed (possibly related to argument 'maxclients') - The operating system is"
                                + " not able to handle the specified number of clients, try with ");
    }
}

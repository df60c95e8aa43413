package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.net.SocketException;
import java.util.ArrayList;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Who has to go when the buffers of clients grow too large, one's own or those of all together. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class ClientMemoryTest {
    private static final String MIB = "x".repeat(1 << 20);

    @RegisterExtension
    final RedoubtServer server;

    ClientMemoryTest(int ioThreads) {
        server = RedoubtServer.with("maxmemory-clients 4mb").ioThreads(ioThreads);
    }

    private RespClient halfRequest(int mebibytes) {
        var client = server.client();
        client.sendRaw("*2\r\n$4\r\nECHO\r\n$536870912\r\n");
        try {
            for (int i = 0; i < mebibytes; i++) {
                client.sendRaw(MIB);
            }
        } catch (UncheckedIOException evicted) {
            assertThat(evicted).hasCauseInstanceOf(SocketException.class); // It may be closed while it still sends.
        }
        return client;
    }

    private static long waiting(RespClient admin) {
        return String.valueOf(admin.send("CLIENT", "LIST"))
                .lines()
                .filter(line -> line.contains(" oll=1 "))
                .count();
    }

    private void awaitStat(RespClient admin, String line) {
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (!String.valueOf(admin.send("INFO", "stats")).contains(line)) {
            assertThat(System.nanoTime()).as(line).isLessThan(deadline);
        }
    }

    @Test
    void the_client_with_the_largest_buffers_is_evicted() {
        var admin = server.client();
        var small = halfRequest(1);
        var large = halfRequest(3);
        awaitStat(admin, "evicted_clients:1\r");
        assertThat(large.readToEnd()).isEmpty();
        assertThat(admin.send("PING")).isEqualTo("PONG");
        assertThat(admin.send("CLIENT", "LIST")).asString().containsPattern("qbuf=[1-9][0-9]{6}");
        small.close();
        assertThat(server.logged()).contains("Evicting client: id=");
        admin.send("CONFIG", "RESETSTAT");
        assertThat(admin.send("INFO", "stats")).asString().contains("evicted_clients:0\r");
    }

    @Test
    void no_evict_spares_a_client() {
        var admin = server.client();
        admin.send("CLIENT", "NO-EVICT", "ON"); // Else it goes, too: what is spared stays above the limit.
        var spared = server.client();
        spared.send("CLIENT", "NO-EVICT", "ON");
        spared.sendRaw("*2\r\n$4\r\nECHO\r\n$5242880\r\n");
        for (int i = 0; i < 4; i++) {
            spared.sendRaw(MIB);
        }
        var other = halfRequest(1);
        awaitStat(admin, "evicted_clients:1\r");
        assertThat(other.readToEnd()).isEmpty();
        spared.sendRaw(MIB + "\r\n");
        assertThat(spared.read()).asString().hasSize(5 << 20);
    }

    @Test
    void the_limit_may_be_a_percentage_of_maxmemory() {
        var admin = server.client();
        admin.send("CONFIG", "SET", "maxmemory-clients", "5%");
        assertThat(admin.send("CONFIG", "GET", "maxmemory-clients")).asString().contains("5%");
        var large = halfRequest(6);
        assertThat(admin.send("INFO", "stats")).asString().contains("evicted_clients:0\r");
        admin.send("CONFIG", "SET", "maxmemory", "100mb");
        awaitStat(admin, "evicted_clients:1\r");
        assertThat(large.readToEnd()).isEmpty();
    }

    @Test
    void a_client_that_lets_more_replies_wait_than_the_hard_limit_is_closed() {
        var admin = server.client();
        admin.send("CONFIG", "SET", "maxmemory-clients", "0", "client-output-buffer-limit", "normal 8mb 0 0");
        admin.send("SET", "big", MIB);
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        deaf.sendRaw("GET big\r\n".repeat(40));
        awaitStat(admin, "client_output_buffer_limit_disconnections:1\r");
        assertThat(server.logged()).contains("overcoming of output buffer limits");
    }

    @Test
    void a_monitor_that_reads_nothing_is_closed_as_well() {
        var admin = server.client();
        admin.send("CONFIG", "SET", "maxmemory-clients", "0", "client-output-buffer-limit", "normal 8mb 0 0");
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        assertThat(deaf.send("MONITOR")).isEqualTo("OK");
        for (int i = 0; i < 20; i++) {
            admin.send("SET", "key", MIB);
        }
        awaitStat(admin, "client_output_buffer_limit_disconnections:1\r");
    }

    @Test
    void large_values_are_not_copied_for_replies_that_wait() {
        var admin = server.client();
        admin.send("CONFIG", "SET", "maxmemory-clients", "0");
        admin.send("SET", "big", MIB.repeat(4));
        var deaf = new ArrayList<RespClient>();
        for (int i = 0; i < 30; i++) {
            var client = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
            client.sendRaw("GET big\r\n".repeat(50));
            deaf.add(client);
        }
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (waiting(admin) < 30) {
            assertThat(System.nanoTime()).as("all replies wait").isLessThan(deadline);
        }
        String memory = String.valueOf(admin.send("INFO", "memory"));
        long used = Long.parseLong(memory.lines()
                .filter(line -> line.startsWith("used_memory:"))
                .findFirst()
                .orElseThrow()
                .substring(12));
        assertThat(used).isLessThan(40L << 20);
        // What was asked for is what comes, whatever becomes of the value meanwhile.
        admin.send("SETRANGE", "big", "0", "y");
        admin.send("APPEND", "big", "z");
        assertThat(deaf.getFirst().read()).isEqualTo(MIB.repeat(4));
        assertThat(admin.send("GETRANGE", "big", "0", "1")).isEqualTo("yx");
        admin.send("DEL", "big");
        assertThat(deaf.getLast().read()).isEqualTo(MIB.repeat(4));
    }
}

package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that mean no good, or do not know what they do. After each, others are still served. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class HostileClientTest {
    private static final long MIB = 1 << 20;

    @RegisterExtension
    final RedoubtServer server;

    private final int ioThreads;

    HostileClientTest(int ioThreads) {
        this.ioThreads = ioThreads;
        server = RedoubtServer.with("requirepass pw").ioThreads(ioThreads);
    }

    /** On every loop. */
    @AfterEach
    void others_are_still_served() {
        for (int i = 0; i < ioThreads; i++) {
            var client = friend();
            assertThat(client.send("SET", "key" + i, "value")).isEqualTo("OK");
            assertThat(client.send("GET", "key" + i)).isEqualTo("value");
        }
    }

    private RespClient friend() {
        return server.clientAs("default", "pw");
    }

    private static long usedHeapBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void garbage_does_no_harm(long seed) {
        var random = new SplittableRandom(seed);
        for (int i = 0; i < 30; i++) {
            var bytes = new byte[random.nextInt(20_000)];
            random.nextBytes(bytes);
            if (bytes.length > 0 && random.nextBoolean()) {
                bytes[0] = '*';
            }
            sendAndForget(server.client(), bytes);
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void requests_with_a_few_wrong_bytes_do_no_harm(long seed) {
        var random = new SplittableRandom(seed);
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < 20; i++) {
            out.writeBytes(RespClient.request("SET", "key" + i, "value", "EX", "100"));
            out.writeBytes(RespClient.request("MGET", "key" + i, "none"));
            out.writeBytes(RespClient.request("SETRANGE", "key", "" + i, "abc"));
        }
        byte[] good = out.toByteArray();
        for (int i = 0; i < 100; i++) {
            byte[] bad = good.clone();
            for (int errors = 1 + random.nextInt(4); errors > 0; errors--) {
                int at = random.nextInt(bad.length);
                bad[at] = random.nextBoolean()
                        ? (byte) random.nextInt()
                        : (byte) "0123456789*$\r\n-".charAt(random.nextInt(15));
            }
            sendAndForget(friend(), bad);
        }
    }

    private static void sendAndForget(RespClient client, byte[] bytes) {
        try {
            client.sendRaw(bytes);
            client.endOutput();
            client.readToEnd();
        } catch (UncheckedIOException _) {
            // The server has closed the connection, as it may.
        }
        client.close();
    }

    @Test
    void half_a_request_is_waited_for_and_keeps_nobody_else_waiting() {
        var slow = friend();
        slow.sendRaw("*3\r\n$3\r\nSET\r\n$4\r\nslow\r\n$10\r\n12345");
        var other = friend();
        assertThat(other.send("GET", "slow")).isNull();
        slow.sendRaw("67890\r\n");
        assertThat(slow.read()).isEqualTo("OK");
        assertThat(other.send("GET", "slow")).isEqualTo("1234567890");
    }

    @Test
    void a_client_that_leaves_within_a_request_leaves_nothing() {
        for (int i = 0; i < 100; i++) {
            var client = friend();
            client.sendRaw("*3\r\n$3\r\nSET\r\n$4\r\ngone\r\n$10\r\n12345");
            client.close();
        }
        assertThat(friend().send("EXISTS", "gone")).isEqualTo(0L);
    }

    @Test
    void two_thousand_connections_are_held() throws IOException {
        var sockets = new ArrayList<Socket>();
        try {
            for (int i = 0; i < 2_000; i++) {
                var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
                sockets.add(socket);
                socket.setSoTimeout(10_000);
                socket.getOutputStream().write(RespClient.bytes("AUTH pw\r\nPING\r\n"));
            }
            for (var socket : sockets) {
                assertThat(socket.getInputStream().readNBytes(12)).isEqualTo(RespClient.bytes("+OK\r\n+PONG\r\n"));
            }
            assertThat(friend().send("INFO", "clients")).asString().contains("connected_clients:2001");
        } finally {
            for (var socket : sockets) {
                socket.close();
            }
        }
    }

    @Test
    void connections_beyond_maxclients_are_told_so() {
        var admin = friend();
        admin.send("CONFIG", "SET", "maxclients", "3");
        var second = server.client();
        var third = server.client();
        assertThat(second.send("PING")).asString().startsWith("-NOAUTH");
        assertThat(third.send("PING")).asString().startsWith("-NOAUTH");
        assertThat(server.client().readToEnd()).isEqualTo("-ERR max number of clients reached\r\n");
        admin.send("CONFIG", "SET", "maxclients", "10000");
    }

    @Test
    void a_header_that_claims_much_takes_no_memory() {
        long before = usedHeapBytes();
        for (int i = 0; i < 100; i++) {
            var client = friend();
            client.sendRaw("*2\r\n$4\r\nECHO\r\n$536870912\r\n");
            client.sendRaw("x".repeat(1000));
        }
        for (int i = 0; i < 10; i++) {
            friend().sendRaw("*2147483647\r\n$4\r\nECHO\r\n");
        }
        for (int i = 0; i < ioThreads; i++) {
            friend().send("PING");
        }
        // The clients' own buffers are most of what is left.
        assertThat(usedHeapBytes() - before).isLessThan(64 * MIB);
    }

    @Test
    void replies_that_nobody_reads_take_little_memory() {
        var admin = friend();
        admin.send("SET", "big", "x".repeat(100_000));
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        deaf.send("AUTH", "pw");
        long before = usedHeapBytes();
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < 10_000; i++) {
            out.writeBytes(RespClient.request("GET", "big"));
        }
        var writer = Thread.ofVirtual().start(() -> sendUntilClosed(deaf, out.toByteArray()));
        for (int i = 0; i < 200; i++) {
            assertThat(admin.send("GET", "big")).isEqualTo("x".repeat(100_000));
        }
        assertThat(usedHeapBytes() - before).isLessThan(64 * MIB);
        deaf.close();
        assertThat(writer).isNotNull();
    }

    @Test
    void requests_of_a_client_that_reads_no_replies_are_not_collected() throws InterruptedException {
        var admin = friend();
        admin.send("SET", "big", "x".repeat(1_000_000));
        var deaf = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 4096));
        deaf.send("AUTH", "pw");
        deaf.send("CLIENT", "SETNAME", "deaf");
        byte[] requests = RespClient.bytes("GET big\r\n".repeat(100_000));
        var writer = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 100; i++) {
                sendUntilClosed(deaf, requests);
            }
        });
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (figureOf(admin, "deaf", "omem") < 32 * MIB) {
            assertThat(System.nanoTime())
                    .as("the replies fill the output buffer")
                    .isLessThan(deadline);
        }
        for (int i = 0; i < 1_000; i++) {
            assertThat(figureOf(admin, "deaf", "qbuf")).isLessThan(MIB);
        }
        deaf.close();
        writer.join();
    }

    @Test
    void what_arrives_behind_a_waiting_request_is_held_back() {
        var admin = friend();
        var waiting = friend();
        waiting.send("CLIENT", "SETNAME", "waiting");
        admin.send("CLIENT", "PAUSE", "100000", "WRITE");
        waiting.sendRaw("SET key value\r\n");
        byte[] many = RespClient.bytes("PING\r\n".repeat(4 << 20));
        var writer = Thread.ofVirtual().start(() -> sendUntilClosed(waiting, many));
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (figureOf(admin, "waiting", "qbuf") < MIB) {
            assertThat(System.nanoTime()).as("the query grows to its bound").isLessThan(deadline);
        }
        for (int i = 0; i < 1_000; i++) {
            assertThat(figureOf(admin, "waiting", "qbuf")).isLessThan(2 * MIB);
        }
        waiting.close();
        assertThat(writer).isNotNull();
        admin.send("CLIENT", "UNPAUSE");
    }

    private static long figureOf(RespClient admin, String name, String field) {
        String line = String.valueOf(admin.send("CLIENT", "LIST"))
                .lines()
                .filter(each -> each.contains(" name=" + name + " "))
                .findFirst()
                .orElseThrow();
        int at = line.indexOf(" " + field + "=") + field.length() + 2;
        return Long.parseLong(line.substring(at, line.indexOf(' ', at)));
    }

    @Test
    void a_request_of_many_small_arguments_is_served() {
        var client = friend();
        client.send("SET", "key", "value");
        var words = new String[400_001];
        Arrays.fill(words, "key");
        words[0] = "EXISTS";
        assertThat(client.send(words)).isEqualTo(400_000L);
    }

    @Test
    void replies_that_are_read_late_all_arrive() {
        var admin = friend();
        admin.send("SET", "big", "x".repeat(100_000));
        var late = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 65_536));
        late.send("AUTH", "pw");
        for (int i = 0; i < 300; i++) {
            late.sendRaw("GET big\r\nECHO " + i + "\r\n");
        }
        for (int i = 0; i < ioThreads; i++) {
            friend().send("PING");
        }
        for (int i = 0; i < 300; i++) {
            assertThat(late.read()).asString().hasSize(100_000);
            assertThat(late.read()).isEqualTo("" + i);
        }
    }

    @Test
    void quit_behind_replies_that_are_read_late_closes_after_the_last() {
        var admin = friend();
        admin.send("SET", "big", "x".repeat(1_000_000));
        var late = server.kept(RespClient.connectWithReceiveBuffer(server.port(), 65_536));
        late.send("AUTH", "pw");
        late.sendRaw("GET big\r\n".repeat(60) + "QUIT\r\nSET key never\r\n");
        for (int i = 0; i < ioThreads; i++) {
            friend().send("PING");
        }
        for (int i = 0; i < 60; i++) {
            assertThat(late.read()).asString().hasSize(1_000_000);
        }
        assertThat(late.readToEnd()).isEqualTo("+OK\r\n");
        assertThat(admin.send("EXISTS", "key")).isEqualTo(0L);
    }

    private static void sendUntilClosed(RespClient client, byte[] bytes) {
        try {
            client.sendRaw(bytes);
        } catch (UncheckedIOException _) {
            // The test has ended.
        }
    }
}

package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A folder of files that a redis-server and we use in turn. */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class AofPeerTest {
    @RegisterExtension
    final RedoubtServer server = RedoubtServer.with(
                    "appendonly yes", "auto-aof-rewrite-percentage 0", "security-profile redis")
            .ioThreads(3);

    @BeforeEach
    void requireRedis() {
        assumeTrue(
                List.of(System.getenv("PATH").split(":")).stream()
                        .anyMatch(folder -> Files.isExecutable(Path.of(folder, "redis-check-aof"))),
                "redis-server is not installed");
    }

    private static void change(RespClient client, SplittableRandom random, int count) {
        for (int i = 0; i < count; i++) {
            String key = "key" + random.nextInt(20);
            String some = "" + random.nextInt(100);
            switch (random.nextInt(16)) {
                case 0 -> client.send("SELECT", "" + random.nextInt(3));
                case 1 -> client.send("SET", key, some, "PX", "" + (100_000 + random.nextInt(1000)));
                case 2 -> client.send("APPEND", key, some);
                case 3 -> client.send("RPUSH", "l" + key, some, "x" + some);
                case 4 -> client.send("LMOVE", "l" + key, "lkey1", "LEFT", "RIGHT");
                case 5 -> client.send("SADD", "s" + key, some, "m" + some);
                case 6 -> client.send("SPOP", "s" + key, "2");
                case 7 -> client.send("HSET", "h" + key, some, "v" + some);
                case 8 -> client.send("HINCRBYFLOAT", "h" + key, some, "0.5");
                case 9 -> client.send("ZADD", "z" + key, some + ".25", "m" + some);
                case 10 -> client.send("ZPOPMIN", "z" + key);
                case 11 -> client.send("XADD", "t" + key, "MAXLEN", "~", "50", "*", "f", some);
                case 12 -> client.send("EXPIRE", "s" + key, "1000");
                case 13 -> client.send("DEL", key, "l" + key);
                case 14 -> {
                    client.send("MULTI");
                    client.send("INCRBY", "counter", some);
                    client.send("ZUNIONSTORE", "zkey2", "2", "z" + key, "zkey3");
                    client.send("EXEC");
                }
                default -> client.send("COPY", "h" + key, "h" + some, "REPLACE");
            }
        }
    }

    private static Process redis(Path folder, int port, String rdbBase) throws Exception {
        var process = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        "" + port,
                        "--bind",
                        "127.0.0.1",
                        "--dir",
                        folder.toString(),
                        "--appendonly",
                        "yes",
                        "--save",
                        "",
                        "--enable-debug-command",
                        "yes",
                        "--aof-use-rdb-preamble",
                        rdbBase)
                .redirectErrorStream(true)
                .start();
        var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        var seen = new ArrayList<String>();
        for (String line = lines.readLine(); ; line = lines.readLine()) {
            assertThat(line).as("redis-server ended: %s", seen).isNotNull();
            seen.add(line);
            if (line.contains("Ready to accept connections")) {
                return process;
            }
        }
    }

    private static void rewrite(RespClient client) {
        client.send("BGREWRITEAOF");
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!String.valueOf(client.send("INFO", "persistence")).contains("aof_rewrite_in_progress:0\r\n")) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(5_000_000);
        }
    }

    @ParameterizedTest(name = "seed {0}, base is RDB: {1}, with times: {2}")
    @CsvSource({"1, yes, no", "2, no, yes", "3, yes, yes", "4, no, no"})
    void each_reads_what_the_other_has_written(long seed, String rdbBase, String stamps) throws Exception {
        var random = new SplittableRandom(seed);
        int port;
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        for (int turn = 0; turn < 2; turn++) {
            var client = server.client();
            client.send("CONFIG", "SET", "aof-use-rdb-preamble", rdbBase, "aof-timestamp-enabled", stamps);
            change(client, random, 300);
            if (turn == 0) {
                rewrite(client);
                change(client, random, 100);
            }
            Object digest = client.send("DEBUG", "DIGEST");
            client.sendRaw("SHUTDOWN\r\n");
            server.redoubt().awaitShutdown();
            var check = new ProcessBuilder(
                            "redis-check-aof",
                            server.directory()
                                    .resolve("appendonlydir")
                                    .resolve("appendonly.aof.manifest")
                                    .toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(check.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(said).contains("All AOF files and manifest are valid");
            var peer = redis(server.directory(), port, rdbBase);
            try (var there = RespClient.connect(port)) {
                assertThat(there.send("DEBUG", "DIGEST")).isEqualTo(digest);
                there.send("CONFIG", "SET", "aof-timestamp-enabled", stamps);
                change(there, random, 300);
                if (turn == 0) {
                    rewrite(there);
                    change(there, random, 100);
                }
                digest = there.send("DEBUG", "DIGEST");
                there.sendRaw("SHUTDOWN\r\n");
                assertThat(peer.waitFor(10, TimeUnit.SECONDS)).isTrue();
            } finally {
                peer.destroyForcibly().waitFor();
            }
            server.restart();
            assertThat(server.client().send("DEBUG", "DIGEST")).isEqualTo(digest);
        }
    }
}

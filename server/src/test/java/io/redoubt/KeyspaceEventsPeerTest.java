package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The messages that a real redis-server sends about keys, and ours: the same ones in the same order. */
@Tag("peer")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@DisplayNameGeneration(ReplaceUnderscores.class)
class KeyspaceEventsPeerTest {
    private static final String LAST = "that is all";

    private final RedoubtServer server =
            RedoubtServer.with("security-profile redis").ioThreads(3);
    private @Nullable Process peer;
    private int peerPort;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        var found = Arrays.stream(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, "redis-server"))
                .filter(Files::isExecutable)
                .findFirst();
        assumeTrue(found.isPresent(), "redis-server is not installed");
        try (var free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            peerPort = free.getLocalPort();
        }
        peer = new ProcessBuilder(
                        found.get().toString(),
                        "--port",
                        Integer.toString(peerPort),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--enable-debug-command",
                        "yes",
                        "--dir",
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        awaitReady(peer);
        server.start();
    }

    private static void awaitReady(Process process) throws IOException {
        var log = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = "";
        while (line != null && !line.contains("Ready to accept connections")) {
            line = log.readLine();
        }
        assertThat(line).as("redis-server is ready").isNotNull();
    }

    @AfterAll
    void stop() throws InterruptedException {
        server.close();
        if (peer != null) {
            peer.destroy();
            peer.waitFor(10, TimeUnit.SECONDS);
        }
    }

    @BeforeEach
    void empty() {
        for (int port : new int[] {server.port(), peerPort}) {
            try (var client = RespClient.connect(port)) {
                client.send("FLUSHALL");
                client.send("CONFIG", "SET", "notify-keyspace-events", "KEAmn");
            }
        }
    }

    /** Runs requests, one a line, and returns what is heard of them. */
    private static List<Object> hear(int port, List<String[]> requests) {
        try (var ear = RespClient.connect(port);
                var client = RespClient.connect(port)) {
            ear.send("PSUBSCRIBE", "*");
            for (String[] request : requests) {
                Object reply = client.send(request);
                if (request[0].equals("DUMP") && reply != null) {
                    client.send("RESTORE", "restored", "0", (String) reply, "REPLACE");
                    client.send("RESTORE", "restored2", "5000", (String) reply, "REPLACE");
                    client.send("RESTORE", "restored2", "1", (String) reply, "ABSTTL", "REPLACE");
                }
                client.send("PUBLISH", "done", String.join(" ", request));
            }
            client.send("PUBLISH", "done", LAST);
            var heard = new ArrayList<Object>();
            for (Object next = ear.read(); !((List<?>) next).contains(LAST); next = ear.read()) {
                heard.add(((List<?>) next).subList(2, 4));
            }
            return heard;
        }
    }

    private void compare(List<String[]> requests) {
        assertThat(hear(server.port(), requests)).isEqualTo(hear(peerPort, requests));
    }

    /** All that a client reads that listens to what it does itself. */
    private static List<Object> hearOwn(int port, List<String[]> requests) {
        try (var client = RespClient.connect(port)) {
            client.send("HELLO", "3");
            client.send("CONFIG", "SET", "notify-keyspace-events", "KEA");
            client.send("PSUBSCRIBE", "__key*");
            client.send("SUBSCRIBE", "own");
            var sent = new StringBuilder();
            for (String[] request : requests) {
                sent.append(String.join(" ", request)).append("\r\n");
            }
            client.sendRaw(sent + "ECHO \"" + LAST + "\"\r\n");
            var heard = new ArrayList<Object>();
            for (Object next = client.read(); !LAST.equals(next); next = client.read()) {
                heard.add(String.valueOf(next));
            }
            return heard;
        }
    }

    /** But where the events of Redis stand within a reply, as those of ZPOPMIN do, and those of SPOP. */
    @Test
    void a_client_that_listens_itself_hears_of_a_change_before_or_behind_its_reply() {
        var requests = script("""
                SET a 1
                SET a 2 GET
                GETSET a 3
                APPEND a x
                INCR n
                GETEX n EX 100
                MSET b 1 c 2
                PUBLISH own message
                RENAME b d
                COPY c e
                EXPIRE c 100
                EXPIRE c -1
                GETDEL d
                LPUSH l a b c d e
                LPOP l
                RPOP l 2
                LMOVE l m LEFT RIGHT
                LMOVE m m LEFT RIGHT
                LSET l 0 z
                LREM l 0 z
                SADD s a b c
                SREM s a
                SUNIONSTORE t s
                SMOVE s t b
                ZADD z 1 a 2 b 3 c
                ZINCRBY z 1 a
                ZREM z a
                ZRANGESTORE y z 0 -1
                ZUNIONSTORE x 2 y z
                HSET h f 1 g 2
                HINCRBY h f 1
                HINCRBYFLOAT h g 0.5
                HDEL h f g
                XADD q 1-1 f v
                XGROUP CREATE q g 0
                XDEL q 1-1
                MULTI
                SET a 2
                DEL a
                PUBLISH own again
                LPUSH l 2
                EXPIRE l 50
                EXEC
                PING
                CLIENT REPLY SKIP
                SET a 7
                DEL a z
                """);
        assertThat(hearOwn(server.port(), requests)).isEqualTo(hearOwn(peerPort, requests));
    }

    private static List<String[]> script(String text) {
        return text.lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .map(line -> line.split(" "))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // Strings.
                """
                SET a 1
                SET a 2
                SET a 3 NX
                SET b 3 XX
                SET a 4 EX 100
                SET a 5 KEEPTTL GET
                SET z 5 GET
                SET z 6 GET PXAT 99999999999999
                SETNX c 1
                SETNX c 1
                SETEX d 10 x
                PSETEX d 1000 x
                GETSET e 1
                GETSET e 2
                GET e
                GET nothing
                GETEX e
                GETEX e EX 100
                GETEX e PERSIST
                GETEX e PERSIST
                GETEX e PXAT 1
                GETEX nothing EX 10
                GETDEL a
                GETDEL a
                """,
                """
                INCR n
                INCRBY n 5
                DECR n
                DECRBY n2 1
                INCRBYFLOAT f 1.5
                INCRBYFLOAT f 1.5
                INCR f
                APPEND s abc
                APPEND s abc
                APPEND s2 x
                SETRANGE s 1 zz
                SETRANGE s3 2 zz
                SETRANGE s4 0 abcdef
                GETRANGE s 0 1
                GETRANGE nothing 0 1
                SUBSTR nothing 0 1
                STRLEN s
                STRLEN nothing
                MSET a 1 b 2 a 3
                MSETNX a 1 q 2
                MSETNX q1 1 q2 2
                MGET a nothing q1
                LCS a b
                LCS a nothing
                """,
                // Keys.
                """
                SET a 1
                SET b 2
                TYPE nothing
                EXISTS a nothing
                TOUCH a nothing
                TTL nothing
                PTTL nothing
                EXPIRETIME nothing
                PEXPIRETIME nothing
                OBJECT ENCODING nothing
                OBJECT FREQ nothing
                OBJECT IDLETIME a
                DEL a nothing
                UNLINK b nothing
                SET a 1
                RENAME a b
                SET a 2
                RENAME a b
                RENAME b b
                RENAME nothing b
                SET a 1
                RENAMENX a b
                RENAMENX a c
                COPY b d
                COPY b d
                COPY b d REPLACE
                COPY nothing d
                COPY b b DB 2
                MOVE b 3
                MOVE b 3
                MOVE nothing 3
                SET x 1 EX 100
                COPY x y
                RENAME x x2
                RANDOMKEY
                KEYS *
                SWAPDB 0 3
                GET b
                FLUSHDB
                """,
                """
                SET a 1
                EXPIRE a 100
                EXPIRE a 100 NX
                EXPIRE a 50 GT
                EXPIRE nothing 100
                PEXPIRE a 100000
                EXPIREAT a 99999999999
                PEXPIREAT a 99999999999999
                PERSIST a
                PERSIST a
                PERSIST nothing
                EXPIRE a -1
                SET a 1
                PEXPIREAT a 1
                SET a 1
                DUMP a
                DUMP nothing
                SELECT 5
                SET five 1
                DEL five
                """
            })
    void are_the_same_for_every_command(String text) {
        compare(script(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"KEA", "K$", "Eg", "KEx", "Kg$", "E", "$g", "KEn", "Em", "KEAn", ""})
    void depend_on_the_classes_that_are_switched_on(String classes) {
        var requests = new ArrayList<String[]>();
        requests.add(new String[] {"CONFIG", "SET", "notify-keyspace-events", classes});
        requests.addAll(script("""
                SET a 1
                INCR a
                EXPIRE a 100
                RENAME a b
                GET nothing
                COPY b c
                DEL b c
                """));
        compare(requests);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"GET k", "SET k 2", "INCR k", "APPEND k x", "MSET k 1", "DEL k", "COPY k l", "SETRANGE k 0 x"})
    void tell_of_a_key_that_has_expired_when_it_is_touched(String request) {
        compare(script("DEBUG SET-ACTIVE-EXPIRE 0\nSET k 1 PX 1\nDEBUG SLEEP 0.005\n" + request
                + "\nDEBUG SET-ACTIVE-EXPIRE 1"));
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3})
    void are_the_same_for_random_commands(long seed) {
        var random = new SplittableRandom(seed);
        var requests = new ArrayList<String[]>();
        for (int i = 0; i < 300; i++) {
            String key = "k" + random.nextInt(5);
            String other = "k" + random.nextInt(5);
            String line = switch (random.nextInt(16)) {
                case 0 -> "SET " + key + " v";
                case 1 -> "SET " + key + " v EX 100";
                case 2 -> "SET " + key + " 1 NX GET";
                case 3 -> "DEL " + key + " " + other;
                case 4 -> "RENAME " + key + " " + other;
                case 5 -> "RENAMENX " + key + " " + other;
                case 6 -> "COPY " + key + " " + other + " REPLACE";
                case 7 -> "MOVE " + key + " 1";
                case 8 -> "EXPIRE " + key + " " + (random.nextInt(20) - 1);
                case 9 -> "PERSIST " + key;
                case 10 -> "APPEND " + key + " x";
                case 11 -> "INCR " + key;
                case 12 -> "SELECT " + random.nextInt(2);
                case 13 -> "GETEX " + key + " EX 100";
                case 14 -> "MSETNX " + key + " 1 " + other + " 2";
                default -> "GET " + key;
            };
            requests.add(line.split(" "));
        }
        compare(requests);
    }
}

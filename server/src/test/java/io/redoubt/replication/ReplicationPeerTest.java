package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A real redis-server 7.0 as our master and as our replica, with passwords. */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplicationPeerTest {
    private static final int DATABASES = 3;

    @TempDir
    Path directory;

    private Path binary = Path.of("");

    @BeforeEach
    void findRedis() {
        var found = RealRedis.find();
        assumeTrue(found.isPresent(), "redis-server is not installed");
        binary = found.get();
    }

    private RealRedis redis(String... options) throws IOException {
        return new RealRedis(binary, directory.resolve("redis" + TestServer.freePort()), options);
    }

    private TestServer redoubt(String... options) throws Exception {
        return new TestServer(Files.createDirectories(directory.resolve("redoubt" + TestServer.freePort())), options);
    }

    private static Map<String, String> content(Wire client) {
        var content = new TreeMap<String, String>();
        for (int db = 0; db < DATABASES; db++) {
            client.send("SELECT", Integer.toString(db));
            for (Object key : (List<?>) client.send("KEYS", "*")) {
                String name = (String) key;
                content.put(db + " " + name, value(client, name) + " " + client.send("PEXPIRETIME", name));
            }
        }
        return content;
    }

    private static String value(Wire client, String key) {
        return switch ((String) client.send("TYPE", key)) {
            case "+list" -> "list " + client.send("LRANGE", key, "0", "-1");
            case "+set" -> "set " + sorted(client.send("SMEMBERS", key));
            case "+hash" -> "hash " + sorted(client.send("HGETALL", key));
            case "+stream" -> "stream " + stream(client, key);
            case "+zset" -> "zset " + client.send("ZRANGE", key, "0", "-1", "WITHSCORES");
            default -> String.valueOf(client.send("GET", key));
        };
    }

    /** All that is known of a stream, but when its consumers were seen. */
    private static String stream(Wire client, String key) {
        String text = String.valueOf(client.send("XINFO", "STREAM", key, "FULL", "COUNT", "0"));
        // Of what was read Redis 7.0 tells its replicas the IDs, not the number.
        return text.replaceAll("seen-time, [^,]*", "").replaceAll("(entries-read|lag), [^,]*", "");
    }

    private static String pendingId(Wire client, String key) {
        return client.send("XPENDING", key, "g", "-", "+", "1") instanceof List<?> entries
                        && !entries.isEmpty()
                        && entries.getFirst() instanceof List<?> entry
                ? String.valueOf(entry.getFirst())
                : "1-1";
    }

    private static void stepOfStreams(Wire client, SplittableRandom random) {
        String key = "stream" + random.nextInt(3);
        String consumer = "c" + random.nextInt(3);
        switch (random.nextInt(12)) {
            case 0 -> client.send("XGROUP", "CREATE", key, "g", "0", "MKSTREAM");
            case 1, 2, 3 -> client.send("XREADGROUP", "GROUP", "g", consumer, "COUNT", "2", "STREAMS", key, ">");
            case 4 -> client.send("XREADGROUP", "GROUP", "g", consumer, "NOACK", "STREAMS", key, ">");
            case 5 -> client.send("XACK", key, "g", pendingId(client, key));
            case 6 -> client.send("XAUTOCLAIM", key, "g", consumer, "0", "0", "COUNT", "2");
            case 7 -> client.send("XCLAIM", key, "g", consumer, "0", pendingId(client, key), "FORCE");
            case 8 -> client.send("XDEL", key, pendingId(client, key));
            default -> client.send("XADD", key, "MAXLEN", "~", "100", "*", "f", "v");
        }
    }

    private static String sorted(Object reply) {
        return ((List<?>) reply).stream().map(String::valueOf).sorted().toList().toString();
    }

    private static void stepOfCollections(Wire client, SplittableRandom random) {
        String number = Integer.toString(random.nextInt(9));
        String value = "v".repeat(random.nextInt(40)) + random.nextInt(400);
        switch (random.nextInt(16)) {
            case 0, 1, 2 -> client.send("RPUSH", "list" + number, value, number);
            case 3 -> client.send("LPOP", "list" + number, "2");
            case 4 -> client.send("LMOVE", "list" + number, "list1", "RIGHT", "LEFT");
            case 5, 6, 7 -> client.send("SADD", "set" + number, value, number);
            case 8 -> client.send("SPOP", "set" + number, "2");
            case 9 -> client.send("SUNIONSTORE", "set" + number, "set1", "set2");
            case 10, 11 -> client.send("HSET", "hash" + number, value, number, number, value);
            case 12 -> client.send("HINCRBYFLOAT", "hash" + number, "f", "0.1");
            case 13, 14 -> client.send("ZADD", "zset" + number, number + ".5", value);
            default -> client.send("ZPOPMIN", "zset" + number);
        }
    }

    /** Sends a random command that writes, or selects a database. */
    static void step(Wire client, SplittableRandom random) {
        if (random.nextBoolean()) {
            stepOfCollections(client, random);
            return;
        }
        if (random.nextInt(5) == 0) {
            stepOfStreams(client, random);
            return;
        }
        String key = "key" + random.nextInt(300);
        switch (random.nextInt(12)) {
            case 0 -> client.send("SELECT", Integer.toString(random.nextInt(DATABASES)));
            case 1 -> client.send("DEL", key);
            case 2 -> client.send("APPEND", key, "\0\r\n");
            case 3 -> client.send("INCRBY", "n" + key, "7");
            case 4 -> client.send("EXPIRE", key, "1000");
            case 5 -> client.send("SET", key, "with a time", "EX", "2000");
            case 6 -> client.send("INCRBYFLOAT", "f" + key, "0.25");
            case 7 -> client.send("SETRANGE", key, Integer.toString(random.nextInt(50)), "range");
            case 8 -> client.send("MSET", key, "1", key + "b", "2");
            case 9 -> client.send("GETDEL", key);
            default -> client.send("SET", key, "x".repeat(random.nextInt(2000)));
        }
    }

    private static void login(Wire client) {
        assertThat(client.send("AUTH", "pw")).isEqualTo("+OK");
    }

    private static Wire client(TestServer server) throws IOException {
        var client = server.client();
        login(client);
        return client;
    }

    private static void awaitSame(TestServer server, Wire from, Wire to) {
        long offset = Long.parseLong(from.info("master_repl_offset"));
        server.await("offset " + offset, () -> Long.parseLong(to.info("master_repl_offset")) >= offset);
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void follows_a_real_master(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        try (var master = redis("--requirepass", "pw", "--repl-diskless-sync", seed == 1 ? "yes" : "no");
                var server = redoubt("--requirepass", "pw", "--masterauth", "pw");
                var writer = master.client("AUTH", "pw")) {
            for (int i = 0; i < 1000; i++) {
                step(writer, random);
            }
            var ours = client(server);
            assertThat(ours.send("REPLICAOF", "127.0.0.1", Integer.toString(master.port())))
                    .isEqualTo("+OK");
            while (!ours.info("master_link_status").equals("up")) {
                step(writer, random);
            }
            for (int i = 0; i < 1000; i++) {
                step(writer, random);
            }
            awaitSame(server, writer, ours);
            assertThat(content(ours)).isEqualTo(content(writer));
            // A lost link goes on where it was.
            writer.send("CLIENT", "KILL", "TYPE", "replica");
            for (int i = 0; i < 200; i++) {
                step(writer, random);
            }
            awaitSame(server, writer, ours);
            assertThat(content(ours)).isEqualTo(content(writer));
            assertThat(server.log()).contains("Successful partial resynchronization");
            assertThat(writer.info("slave0")).contains("state=online");
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2})
    void is_followed_by_a_real_replica(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        try (var server = redoubt(
                        "--requirepass",
                        "pw",
                        "--repl-diskless-sync",
                        seed == 1 ? "yes" : "no",
                        "--io-threads",
                        seed == 1 ? "3" : "1");
                var replica = redis("--masterauth", "pw");
                var theirs = replica.client()) {
            var writer = client(server);
            for (int i = 0; i < 1000; i++) {
                step(writer, random);
            }
            theirs.send("REPLICAOF", "127.0.0.1", Integer.toString(server.port()));
            while (!theirs.info("master_link_status").equals("up")) {
                step(writer, random);
            }
            for (int i = 0; i < 1000; i++) {
                step(writer, random);
            }
            awaitSame(server, writer, theirs);
            assertThat(content(theirs)).isEqualTo(content(writer));
            writer.send("CLIENT", "KILL", "TYPE", "replica");
            for (int i = 0; i < 200; i++) {
                step(writer, random);
            }
            awaitSame(server, writer, theirs);
            assertThat(content(theirs)).isEqualTo(content(writer));
            assertThat(theirs.info("slave_repl_offset")).isEqualTo(theirs.info("master_repl_offset"));
        }
    }

    @Test
    void stands_in_the_middle_of_a_chain_and_takes_over() throws Exception {
        try (var top = redis("--requirepass", "pw", "--masterauth", "pw");
                var middle = redoubt("--requirepass", "pw", "--masterauth", "pw");
                var bottom = redis("--masterauth", "pw");
                var topClient = top.client("AUTH", "pw");
                var bottomClient = bottom.client()) {
            var middleClient = client(middle);
            topClient.send("SELECT", "2");
            topClient.send("SET", "a", "1");
            middleClient.send("REPLICAOF", "127.0.0.1", Integer.toString(top.port()));
            middle.await("up", () -> middleClient.info("master_link_status").equals("up"));
            bottomClient.send("REPLICAOF", "127.0.0.1", Integer.toString(middle.port()));
            middle.await(
                    "chained", () -> bottomClient.info("master_link_status").equals("up"));
            topClient.send("SET", "b", "2"); // No SELECT comes with it: the copy must know the database.
            awaitSame(middle, topClient, bottomClient);
            assertThat(content(bottomClient)).isEqualTo(content(topClient)).hasSize(2);
            assertThat(bottomClient.info("master_replid")).isEqualTo(topClient.info("master_replid"));

            middleClient.send("REPLICAOF", "NO", "ONE");
            topClient.send("REPLICAOF", "127.0.0.1", Integer.toString(middle.port()));
            middle.await("both", () -> middleClient.info("connected_slaves").equals("2"));
            middleClient.send("SET", "c", "3");
            awaitSame(middle, middleClient, topClient);
            awaitSame(middle, middleClient, bottomClient);
            assertThat(content(topClient)).isEqualTo(content(middleClient));
            assertThat(content(bottomClient)).isEqualTo(content(middleClient));
            assertThat(topClient.info("master_replid")).isEqualTo(middleClient.info("master_replid"));
            assertThat(middle.log()).doesNotContain("Starting snapshot for SYNC with target: disk");
        }
    }

    @Test
    void serves_a_user_who_may_replicate_and_nothing_else() throws Exception {
        try (var server = redoubt("--requirepass", "pw", "--security-profile", "strict");
                var replica = redis("--masteruser", "repl", "--masterauth", "rp");
                var theirs = replica.client()) {
            var admin = client(server);
            admin.send("ACL", "SETUSER", "repl", "on", ">rp", "+psync", "+replconf", "+ping");
            admin.send("SET", "k", "v");
            theirs.send("REPLICAOF", "127.0.0.1", Integer.toString(server.port()));
            server.await("copied", () -> theirs.send("GET", "k").equals("v"));
            admin.send("ACL", "SETUSER", "repl", "off");
            server.await("revoked", () -> admin.info("connected_slaves").equals("0"));
        }
    }

    @Test
    void copies_values_larger_than_any_buffer() throws Exception {
        try (var server = redoubt("--requirepass", "pw");
                var replica = redis("--masterauth", "pw");
                var theirs = replica.client()) {
            var writer = client(server);
            var random = new SplittableRandom(1);
            var expected = new ArrayList<String>();
            for (int i = 0; i < 20; i++) {
                var bytes = new byte[1_000_000];
                random.nextBytes(bytes);
                expected.add(Wire.text(bytes));
                writer.send("SET", "big" + i, expected.get(i));
            }
            theirs.send("REPLICAOF", "127.0.0.1", Integer.toString(server.port()));
            server.await("up", () -> theirs.info("master_link_status").equals("up"));
            writer.send("SET", "last", expected.getFirst());
            awaitSame(server, writer, theirs);
            for (int i = 0; i < 20; i++) {
                assertThat(theirs.send("GET", "big" + i).equals(expected.get(i)))
                        .isTrue();
            }
            assertThat(theirs.send("GET", "last").equals(expected.getFirst())).isTrue();
        }
    }

    @Test
    void hears_what_is_published_at_a_real_master() throws Exception {
        try (var master = redis("--requirepass", "pw");
                var server = redoubt("--requirepass", "pw", "--masterauth", "pw");
                var publisher = master.client("AUTH", "pw")) {
            var ours = client(server);
            ours.send("REPLICAOF", "127.0.0.1", Integer.toString(master.port()));
            server.await("up", () -> ours.info("master_link_status").equals("up"));
            var ear = client(server);
            ear.send("SUBSCRIBE", "c");
            ear.send("PSUBSCRIBE", "c*");
            ear.send("SSUBSCRIBE", "s");
            publisher.send("SELECT", "1");
            assertThat(publisher.send("PUBLISH", "c", "text")).isEqualTo(":0");
            assertThat(publisher.send("SPUBLISH", "s", "shard")).isEqualTo(":0");
            publisher.send("SET", "k", "v");
            assertThat(ear.reply()).isEqualTo(List.of("message", "c", "text"));
            assertThat(ear.reply()).isEqualTo(List.of("pmessage", "c*", "c", "text"));
            assertThat(ear.reply()).isEqualTo(List.of("smessage", "s", "shard"));
            awaitSame(server, publisher, ours);
            assertThat(content(ours)).isEqualTo(content(publisher)).hasSize(1);
            assertThat(ours.info("master_repl_offset")).isEqualTo(publisher.info("master_repl_offset"));

            assertThat(ours.send("PUBLISH", "c", "at the replica")).isEqualTo(":2");
            assertThat(ear.reply()).isEqualTo(List.of("message", "c", "at the replica"));
            publisher.send("PUBLISH", "c", "12345");
            server.await(
                    "that what the replica publishes is not in its stream",
                    () -> ours.info("master_repl_offset").equals(publisher.info("master_repl_offset")));
            assertThat(server.log()).doesNotContain("CRITICAL");
        }
    }

    @Test
    void tells_a_real_replica_what_is_published_but_no_event_of_a_key() throws Exception {
        try (var server = redoubt("--requirepass", "pw", "--notify-keyspace-events", "KEA");
                var replica = redis("--masterauth", "pw");
                var theirs = replica.client();
                var ear = replica.client()) {
            theirs.send("REPLICAOF", "127.0.0.1", Integer.toString(server.port()));
            server.await("up", () -> theirs.info("master_link_status").equals("up"));
            ear.send("PSUBSCRIBE", "*");
            ear.send("SSUBSCRIBE", "s");
            var publisher = client(server);
            publisher.send("SET", "k", "v");
            assertThat(publisher.send("PUBLISH", "c", "text")).isEqualTo(":0");
            assertThat(publisher.send("SPUBLISH", "s", "shard")).isEqualTo(":0");
            assertThat(ear.reply()).isEqualTo(List.of("pmessage", "*", "c", "text"));
            assertThat(ear.reply()).isEqualTo(List.of("smessage", "s", "shard"));
            awaitSame(server, publisher, theirs);
            assertThat(theirs.send("GET", "k")).isEqualTo("v");
        }
    }
}

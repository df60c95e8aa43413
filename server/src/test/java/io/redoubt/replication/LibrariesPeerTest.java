package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Libraries of functions of a redis-server 7.0 on their way through our server, which keeps them and cannot run them. */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class LibrariesPeerTest {
    @TempDir
    Path directory;

    private Path binary = Path.of("");

    @BeforeEach
    void findRedis() {
        var found = RealRedis.find();
        assumeTrue(found.isPresent(), "redis-server is not installed");
        binary = found.get();
    }

    private RealRedis redis(Path folder, String... options) throws IOException {
        return new RealRedis(binary, folder, options);
    }

    private static String library(String name, int answer) {
        return "#!lua name=" + name + "\nredis.register_function('" + name + "', function() return " + answer + " end)";
    }

    private static void load(Wire redis, String name, int answer) {
        assertThat(redis.send("FUNCTION", "LOAD", "REPLACE", library(name, answer)))
                .isEqualTo(name);
    }

    private static void follow(Wire replica, int masterPort) {
        assertThat(replica.send("REPLICAOF", "127.0.0.1", Integer.toString(masterPort)))
                .isEqualTo("+OK");
        TestServer.await(
                "the link is up", () -> replica.info("master_link_status").equals("up"), () -> "");
    }

    private static void awaitSame(Wire master, Wire replica) {
        BooleanSupplier isThere = () -> replica.info("master_repl_offset").equals(master.info("master_repl_offset"));
        TestServer.await("the replica has everything", isThere, () -> replica.info("master_repl_offset"));
    }

    private static String count(Wire ours) {
        String memory = (String) ours.send("INFO", "memory");
        return memory.lines()
                .filter(line -> line.startsWith("number_of_libraries:"))
                .findFirst()
                .orElse("");
    }

    private static Object call(Wire redis, String function) {
        return redis.send("FCALL", function, "0");
    }

    @Test
    void survive_a_file_of_redis_a_save_of_ours_and_the_way_back() throws Exception {
        var folder = directory.resolve("shared");
        try (var redis = redis(folder);
                var client = redis.client()) {
            load(client, "a", 1);
            load(client, "b", 2);
            client.send("SET", "k", "v");
            client.send("SAVE");
        }
        try (var ours = new TestServer(folder)) {
            ours.awaitLog("Libraries of functions: 2.");
            var client = ours.client();
            assertThat(client.send("FLUSHALL")).isEqualTo("+OK");
            client.send("SET", "k", "w");
            assertThat(client.send("DEBUG", "RELOAD").toString()).startsWith("-ERR DEBUG command not allowed");
            assertThat(client.send("FUNCTION", "LIST").toString()).startsWith("-ERR unknown command");
            ours.shutdown();
        }
        try (var redis = redis(folder);
                var client = redis.client()) {
            assertThat(client.send("GET", "k")).isEqualTo("w");
            assertThat(call(client, "a")).isEqualTo(":1");
            assertThat(call(client, "b")).isEqualTo(":2");
        }
    }

    @ParameterizedTest(name = "aof-use-rdb-preamble {0}")
    @ValueSource(strings = {"yes", "no"})
    void survive_an_append_only_file_in_both_directions(String preamble) throws Exception {
        var folder = directory.resolve("shared");
        String[] options = {"--appendonly", "yes", "--aof-use-rdb-preamble", preamble};
        try (var redis = redis(folder, options);
                var client = redis.client()) {
            load(client, "a", 1);
            load(client, "gone", 1);
            Object payload = client.send("FUNCTION", "DUMP");
            client.send("FUNCTION", "FLUSH");
            client.send("FUNCTION", "RESTORE", (String) payload);
            client.send("MULTI");
            client.send("FUNCTION", "DELETE", "gone");
            client.send("SET", "k", "v");
            client.send("FUNCTION", "LOAD", "REPLACE", library("a", 3));
            client.send("EXEC");
        }
        try (var ours = new TestServer(folder, options)) {
            var client = ours.client();
            assertThat(count(client)).isEqualTo("number_of_libraries:1");
            client.send("BGREWRITEAOF");
            ours.await(
                    "the rewrite",
                    () -> client.send("INFO", "persistence").toString().contains("aof_rewrites:1")
                            && client.send("INFO", "persistence").toString().contains("aof_rewrite_in_progress:0"));
        }
        try (var redis = redis(folder, options);
                var client = redis.client()) {
            assertThat(client.send("GET", "k")).isEqualTo("v");
            assertThat(call(client, "a")).isEqualTo(":3");
            assertThat(call(client, "gone").toString()).startsWith("-ERR Function not found");
        }
    }

    @ParameterizedTest(name = "repl-diskless-load {0}, appendonly {1}")
    @CsvSource({"disabled, no", "swapdb, no", "disabled, yes", "swapdb, yes"})
    void pass_through_a_chain_of_replicas_and_a_restart(String load, String appendOnly) throws Exception {
        var folder = Files.createDirectories(directory.resolve("ours"));
        String[] options = {"--repl-diskless-load", load, "--appendonly", appendOnly};
        try (var redis = redis(directory.resolve("master"));
                var last = redis(directory.resolve("last"), "--replica-read-only", "no");
                var master = redis.client();
                var leaf = last.client()) {
            load(master, "a", 1);
            load(leaf, "stranger", 7);
            try (var ours = new TestServer(folder, options)) {
                follow(ours.client(), redis.port());
                follow(leaf, ours.port());
                load(master, "a", 2);
                load(master, "b", 3);
                load(master, "gone", 4);
                master.send("FUNCTION", "DELETE", "gone");
                master.send("SET", "k", "v");
                awaitSame(master, leaf);
                assertThat(call(leaf, "a")).isEqualTo(":2");
                assertThat(call(leaf, "b")).isEqualTo(":3");
                assertThat(call(leaf, "gone").toString()).startsWith("-ERR Function not found");
                assertThat(call(leaf, "stranger").toString()).startsWith("-ERR Function not found");
                assertThat(count(ours.client())).isEqualTo("number_of_libraries:2");
                ours.client().send("REPLICAOF", "NO", "ONE");
                var client = ours.client();
                ours.await(
                        "the first base",
                        () -> client.send("INFO", "persistence").toString().contains("aof_rewrite_in_progress:0"));
                ours.shutdown();
            }
            try (var ours = new TestServer(folder, options)) {
                assertThat(count(ours.client())).isEqualTo("number_of_libraries:2");
                follow(leaf, ours.port());
                assertThat(call(leaf, "b")).isEqualTo(":3");
            }
        }
    }

    @Test
    void are_all_that_a_replica_gets_which_asks_for_nothing_else() throws Exception {
        var folder = directory.resolve("shared");
        try (var redis = redis(folder);
                var client = redis.client()) {
            load(client, "a", 1);
            client.send("SET", "key", "v");
            client.send("SAVE");
        }
        try (var ours = new TestServer(folder)) {
            assertThat(snapshot(ours, "functions")).contains("#!lua name=a").doesNotContain("key");
            assertThat(snapshot(ours, "")).doesNotContain("#!lua").doesNotContain("key");
        }
    }

    private static String snapshot(TestServer ours, String filter) throws IOException {
        try (var replica = ours.client()) {
            assertThat(replica.send("REPLCONF", "rdb-only", "1")).isEqualTo("+OK");
            assertThat(replica.send("REPLCONF", "rdb-filter-only", filter)).isEqualTo("+OK");
            replica.write(Wire.request("SYNC"));
            String line = replica.line();
            while (line.isEmpty()) {
                line = replica.line();
            }
            return Wire.text(replica.read(Integer.parseInt(line.substring(1))));
        }
    }
}

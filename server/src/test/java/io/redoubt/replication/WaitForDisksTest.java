package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WAITAOF, with servers of ours as master and replica. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class WaitForDisksTest {
    private static final String NO_FILE =
            "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";

    @TempDir
    Path directory;

    private TestServer start(String name, String... options) throws Exception {
        return new TestServer(Files.createDirectories(directory.resolve(name)), options);
    }

    private static void follow(TestServer replica, TestServer master) throws IOException {
        replica.client().send("REPLICAOF", "127.0.0.1", Integer.toString(master.port()));
        replica.awaitLog("Finished with success");
        var client = master.client();
        master.await("the replica", () -> client.info("slave0").contains("state=online"));
    }

    private static void awaitBlocked(TestServer server) throws IOException {
        var other = server.client();
        server.await("blocked", () -> other.send("INFO", "clients").toString().contains("blocked_clients:1"));
    }

    @ParameterizedTest(name = "appendfsync {0}")
    @ValueSource(strings = {"always", "everysec"})
    void waits_for_the_own_disk_and_that_of_a_replica(String policy) throws Exception {
        try (var master = start("master", "--appendonly", "yes", "--appendfsync", policy);
                var replica = start("replica", "--appendonly", "yes", "--appendfsync", policy)) {
            var client = master.client();
            client.send("SET", "early", "v");
            assertThat(client.send("WAITAOF", "1", "0", "0")).isEqualTo(List.of(":1", ":0"));
            follow(replica, master);
            client.send("SET", "k", "v");
            assertThat(client.send("WAITAOF", "1", "1", "0")).isEqualTo(List.of(":1", ":1"));
            assertThat(client.send("WAITAOF", "0", "0", "0")).isEqualTo(List.of(":1", ":1"));
        }
    }

    @Test
    void says_what_is_durable_when_the_time_is_over() throws Exception {
        try (var master = start("master", "--appendonly", "yes", "--appendfsync", "no");
                var replica = start("replica")) {
            follow(replica, master);
            var client = master.client();
            client.send("SET", "k", "v");
            assertThat(client.send("WAITAOF", "1", "1", "30")).isEqualTo(List.of(":0", ":0"));
            assertThat(client.send("WAIT", "1", "0")).isEqualTo(":1");
            // Without a file the replica never says that it has something on its disk.
            assertThat(client.send("WAITAOF", "0", "1", "30")).isEqualTo(List.of(":0", ":0"));
            client.send("CONFIG", "SET", "appendfsync", "everysec");
            assertThat(client.send("WAITAOF", "1", "0", "0")).isEqualTo(List.of(":1", ":0"));
        }
    }

    @Test
    void does_not_wait_inside_a_transaction() throws Exception {
        try (var master = start("master", "--appendonly", "yes", "--appendfsync", "no")) {
            var client = master.client();
            client.send("SET", "k", "v");
            client.send("MULTI");
            client.send("WAITAOF", "1", "2", "0");
            assertThat(client.send("EXEC")).isEqualTo(List.of(List.of(":0", ":0")));
        }
    }

    @Test
    void refuses_what_can_never_be() throws Exception {
        try (var server = start("server")) {
            var client = server.client();
            assertThat(client.send("WAITAOF", "1", "0", "0")).isEqualTo(NO_FILE);
            assertThat(client.send("WAITAOF", "0", "0", "0")).isEqualTo(List.of(":0", ":0"));
            assertThat(client.send("WAITAOF", "2", "0", "0"))
                    .isEqualTo("-ERR value is out of range, value must between 0 and 1");
            assertThat(client.send("WAITAOF", "x", "0", "0")).isEqualTo("-ERR value is not an integer or out of range");
            assertThat(client.send("WAITAOF", "0", "-1", "0"))
                    .isEqualTo("-ERR value is out of range, must be positive");
            assertThat(client.send("WAITAOF", "0", "0", "-1")).isEqualTo("-ERR timeout is negative");
            client.send("REPLICAOF", "127.0.0.1", "1");
            assertThat(client.send("WAITAOF", "0", "0", "0"))
                    .isEqualTo("-ERR WAITAOF cannot be used with replica instances. Please also note that writes to"
                            + " replicas are just local and are not propagated.");
        }
    }

    @Test
    void ends_with_an_error_when_the_file_is_turned_off() throws Exception {
        try (var server = start("server", "--appendonly", "yes", "--appendfsync", "no")) {
            var client = server.client();
            client.send("SET", "k", "v");
            client.write(Wire.request("WAITAOF", "1", "0", "0"));
            awaitBlocked(server);
            server.client().send("CONFIG", "SET", "appendonly", "no");
            assertThat(client.reply()).isEqualTo(NO_FILE);
        }
    }

    @Test
    void waits_for_the_first_rewrite_when_the_file_has_just_been_turned_on() throws Exception {
        try (var server = start("server")) {
            var client = server.client();
            client.send("SET", "k", "v");
            client.send("CONFIG", "SET", "rdb-key-save-delay", "100000000");
            client.send("CONFIG", "SET", "appendonly", "yes");
            assertThat(client.send("WAITAOF", "1", "0", "30")).isEqualTo(List.of(":0", ":0"));
            client.write(Wire.request("WAITAOF", "1", "0", "0"));
            awaitBlocked(server);
            server.client().send("CONFIG", "SET", "rdb-key-save-delay", "0");
            assertThat(client.reply()).isEqualTo(List.of(":1", ":0"));
        }
    }

    @Test
    void a_master_that_is_a_redis_7_0_takes_what_our_replica_tells_of_its_disk() throws Exception {
        var binary = RealRedis.find();
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        try (var redis = new RealRedis(binary.get(), directory.resolve("redis"));
                var replica = start("replica", "--appendonly", "yes");
                var master = redis.client()) {
            replica.client().send("REPLICAOF", "127.0.0.1", Integer.toString(redis.port()));
            replica.awaitLog("Finished with success");
            master.send("SET", "k", "v");
            assertThat(master.send("WAIT", "1", "0")).isEqualTo(":1");
        }
    }
}

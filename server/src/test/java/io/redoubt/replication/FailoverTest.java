package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FAILOVER, on both sides. */
@Tag("peer")
@DisplayNameGeneration(ReplaceUnderscores.class)
class FailoverTest {
    @TempDir
    Path directory;

    private TestServer redoubt(String... options) throws Exception {
        return new TestServer(Files.createDirectories(directory.resolve("redoubt" + TestServer.freePort())), options);
    }

    private RealRedis redis() throws IOException {
        var binary = RealRedis.find();
        assumeTrue(binary.isPresent(), "redis-server is not installed");
        return new RealRedis(binary.get(), directory.resolve("redis" + TestServer.freePort()));
    }

    private static void follow(TestServer story, Wire replica, int port) {
        replica.send("REPLICAOF", "127.0.0.1", Integer.toString(port));
        story.await("up", () -> replica.info("master_link_status").equals("up"));
    }

    private static void awaitRole(TestServer story, Wire client, String role) {
        story.await("role " + role, () -> client.info("role").equals(role));
    }

    private static void awaitState(TestServer story, Wire client, String state) {
        story.await(
                "failover state " + state,
                () -> client.info("master_failover_state").equals(state));
    }

    /** Exchanges the roles and proves that nothing was lost or copied as a whole. */
    private static void exchange(TestServer story, Wire master, int masterPort, Wire replica, int replicaPort) {
        String fullSyncs = stat(replica, "sync_full");
        master.send("SET", "before", "1");
        String id = master.info("master_replid");
        assertThat(master.send("FAILOVER", "TO", "127.0.0.1", Integer.toString(replicaPort)))
                .isEqualTo("+OK");
        awaitRole(story, replica, "master");
        awaitRole(story, master, "slave");
        awaitState(story, master, "no-failover");
        story.await("up", () -> master.info("master_link_status").equals("up"));
        assertThat(master.info("master_port")).isEqualTo(Integer.toString(replicaPort));
        assertThat(replica.send("GET", "before")).isEqualTo("1");
        assertThat(replica.info("master_replid2")).isEqualTo(id);
        assertThat(replica.send("SET", "after", "2")).isEqualTo("+OK");
        story.await("replicated", () -> master.send("GET", "after").equals("2"));
        assertThat(stat(replica, "sync_full")).isEqualTo(fullSyncs);
        assertThat(masterPort).isNotEqualTo(replicaPort);
    }

    private static String stat(Wire client, String field) {
        for (String line : ((String) client.send("INFO", "stats")).split("\r\n")) {
            if (line.startsWith(field + ":")) {
                return line.substring(field.length() + 1);
            }
        }
        return "";
    }

    @Test
    void exchanges_the_roles_of_two_of_ours_and_of_a_third_that_follows() throws Exception {
        try (var first = redoubt();
                var second = redoubt();
                var third = redoubt()) {
            var one = first.client();
            var two = second.client();
            var three = third.client();
            follow(second, two, first.port());
            follow(third, three, first.port());
            exchange(first, one, first.port(), two, second.port());
            // The third stays with the first, and has the new history from it.
            first.await("chained", () -> three.info("master_replid").equals(two.info("master_replid")));
            first.await("replicated", () -> three.send("GET", "after").equals("2"));
            exchange(second, two, second.port(), one, first.port());
        }
    }

    @Test
    void exchanges_the_roles_with_a_real_server_in_both_directions() throws Exception {
        try (var server = redoubt();
                var real = redis();
                var theirs = real.client()) {
            var ours = server.client();
            follow(server, theirs, server.port());
            exchange(server, ours, server.port(), theirs, real.port());
            exchange(server, theirs, real.port(), ours, server.port());
        }
    }

    @Test
    void lets_writes_wait_and_serves_them_when_it_is_aborted() throws Exception {
        try (var server = redoubt();
                var target = redoubt()) {
            var admin = server.client();
            var theirs = target.client();
            follow(target, theirs, server.port());
            // A replica that never acknowledges keeps it waiting.
            var deaf = server.client();
            deaf.send("REPLCONF", "listening-port", "7", "ip-address", "10.0.0.9");
            deaf.write(Wire.request("PSYNC", "?", "-1"));
            server.await("online", () -> admin.info("slave1").contains("state=online"));
            admin.send("SET", "k", "1");
            assertThat(admin.send("FAILOVER", "TO", "10.0.0.9", "7")).isEqualTo("+OK");
            assertThat(admin.info("master_failover_state")).isEqualTo("waiting-for-sync");
            assertThat(admin.send("FAILOVER")).isEqualTo("-ERR FAILOVER already in progress.");
            assertThat(admin.send("REPLICAOF", "127.0.0.1", "1"))
                    .isEqualTo("-ERR REPLICAOF not allowed while failing over.");
            assertThat(admin.send("CLIENT", "UNPAUSE")).isEqualTo("+OK");
            var writer = server.client();
            writer.write(Wire.request("SET", "k", "2"));
            server.await(
                    "paused", () -> admin.send("INFO", "clients").toString().contains("blocked_clients:1"));
            assertThat(admin.send("GET", "k")).isEqualTo("1");
            assertThat(admin.send("FAILOVER", "ABORT")).isEqualTo("+OK");
            assertThat(writer.reply()).isEqualTo("+OK");
            assertThat(admin.info("role")).isEqualTo("master");
            target.await("replicated", () -> theirs.send("GET", "k").equals("2"));
        }
    }

    @Test
    void gives_up_when_the_time_is_over_or_goes_on_by_force() throws Exception {
        try (var server = redoubt();
                var target = redoubt()) {
            var admin = server.client();
            var deaf = server.client();
            deaf.send("REPLCONF", "listening-port", Integer.toString(target.port()), "ip-address", "127.0.0.1");
            deaf.write(Wire.request("PSYNC", "?", "-1"));
            server.await("online", () -> admin.info("slave0").contains("state=online"));
            admin.send("SET", "k", "1");
            assertThat(admin.send("FAILOVER", "TIMEOUT", "50")).isEqualTo("+OK");
            awaitState(server, admin, "no-failover");
            server.awaitLog("Replica never caught up before timeout");
            assertThat(admin.send("SET", "k", "2")).isEqualTo("+OK");
            // The target is no replica of ours, so it refuses, and we stay what we were.
            String port = Integer.toString(target.port());
            assertThat(admin.send("FAILOVER", "TO", "127.0.0.1", port, "FORCE", "TIMEOUT", "50"))
                    .isEqualTo("+OK");
            server.awaitLog("Failover target rejected psync request");
            awaitRole(server, admin, "master");
            awaitState(server, admin, "no-failover");
            assertThat(admin.send("SET", "k", "3")).isEqualTo("+OK");
        }
    }

    @Test
    void answers_every_wrong_request_as_a_real_server_does() throws Exception {
        try (var server = redoubt();
                var real = redis();
                var theirs = real.client()) {
            var ours = server.client();
            String[] requests = {
                "FAILOVER",
                "FAILOVER ABORT",
                "FAILOVER ABORT ABORT",
                "FAILOVER ABORT TIMEOUT 1",
                "FAILOVER TIMEOUT 0",
                "FAILOVER TIMEOUT x",
                "FAILOVER TIMEOUT",
                "FAILOVER TIMEOUT 1 TIMEOUT 2",
                "FAILOVER TO a",
                "FAILOVER TO a b",
                "FAILOVER TO a 1",
                "FAILOVER TO a 1 FORCE",
                "FAILOVER FORCE",
                "FAILOVER FORCE FORCE",
                "FAILOVER FORCE TIMEOUT 9",
                "FAILOVER x",
                "WAIT a 1",
                "WAIT 0 a",
                "WAIT 0 -1",
                "WAIT 0 9223372036854775807",
                "WAIT 1",
                "PSYNC x 1 FAILOVER",
                "PSYNC x y FAILOVER",
            };
            for (String request : requests) {
                assertThat(ours.send(request.split(" "))).as(request).isEqualTo(theirs.send(request.split(" ")));
            }
            try (var replica = redoubt();
                    var third = redoubt()) {
                var client = replica.client();
                follow(replica, client, server.port());
                follow(server, theirs, server.port());
                for (String request : requests) {
                    assertThat(client.send(request.split(" ")))
                            .as(request + " to a replica")
                            .isEqualTo(theirs.send(request.split(" ")));
                }
                follow(third, third.client(), server.port());
                for (String request : new String[] {"FAILOVER TO a 1", "FAILOVER TO 127.0.0.1 1 FORCE"}) {
                    assertThat(ours.send(request.split(" "))).asString().startsWith("-ERR FAILOVER ");
                }
            }
        }
    }
}

package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** WAIT, with replicas that we play. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class WaitForReplicasTest {
    private static final List<String> QUESTION = List.of("REPLCONF", "GETACK", "*");

    @TempDir
    Path directory;

    private TestServer start(String... options) throws Exception {
        return new TestServer(directory, options);
    }

    /** A replica that has everything; returns with its offset acknowledged. */
    private static Wire replica(TestServer server) throws IOException {
        var replica = server.client();
        replica.write(Wire.request("PSYNC", "?", "-1"));
        String line = replica.line();
        while (line.isEmpty()) {
            line = replica.line();
        }
        long offset = Long.parseLong(line.split(" ")[2]);
        line = replica.line();
        while (line.isEmpty()) {
            line = replica.line();
        }
        replica.read(Integer.parseInt(line.substring(1)));
        acknowledge(replica, offset);
        return replica;
    }

    private static void acknowledge(Wire replica, long offset) throws IOException {
        replica.write(Wire.request("REPLCONF", "ACK", Long.toString(offset)));
    }

    private static void awaitQuestion(Wire replica) throws IOException {
        while (!replica.command().equals(QUESTION)) {}
    }

    private static long offset(TestServer server) throws IOException {
        try (var client = server.client()) {
            return Long.parseLong(client.info("master_repl_offset"));
        }
    }

    @Test
    void answers_at_once_where_nothing_is_to_be_waited_for() throws Exception {
        try (var server = start()) {
            var client = server.client();
            client.send("SET", "k", "v");
            assertThat(client.send("WAIT", "0", "0")).isEqualTo(":0");
            assertThat(client.send("WAIT", "-1", "0")).isEqualTo(":0");
            assertThat(client.send("MULTI")).isEqualTo("+OK");
            assertThat(client.send("WAIT", "3", "0")).isEqualTo("+QUEUED");
            assertThat(client.send("EXEC")).isEqualTo(List.of(":0"));
        }
    }

    @ParameterizedTest(name = "io-threads {0}")
    @ValueSource(ints = {1, 3})
    void waits_until_enough_replicas_have_what_the_client_wrote(int loops) throws Exception {
        try (var server = start("--io-threads", Integer.toString(loops))) {
            var first = replica(server);
            var second = replica(server);
            var client = server.client();
            client.send("SET", "k", "v");
            client.write(Wire.request("WAIT", "2", "0"));
            awaitQuestion(first);
            awaitQuestion(second);
            acknowledge(first, offset(server));
            assertThat(client.available()).isZero();
            acknowledge(second, offset(server));
            assertThat(client.reply()).isEqualTo(":2");
            // Nothing was written since, so nobody need be asked.
            assertThat(client.send("WAIT", "2", "0")).isEqualTo(":2");
        }
    }

    @Test
    void tells_how_many_there_were_when_the_time_is_over() throws Exception {
        try (var server = start()) {
            var replica = replica(server);
            var client = server.client();
            client.send("SET", "k", "v");
            client.write(Wire.request("WAIT", "2", "30"));
            awaitQuestion(replica);
            assertThat(client.reply()).isEqualTo(":0");
            acknowledge(replica, offset(server));
            client.write(Wire.request("WAIT", "2", "200"));
            assertThat(client.reply()).isEqualTo(":1");
        }
    }

    @Test
    void counts_what_others_wrote_only_as_far_as_the_client_may_have_seen_it() throws Exception {
        try (var server = start("--repl-ping-replica-period", "3600")) {
            var replica = replica(server);
            var client = server.client();
            client.send("SET", "mine", "1");
            long mine = offset(server);
            server.client().send("SET", "theirs", "2");
            acknowledge(replica, mine);
            server.await("the acknowledgement", () -> client.info("slave0").contains("offset=" + mine));
            // INFO has been the last command, behind the other client's write.
            client.write(Wire.request("WAIT", "1", "0"));
            awaitQuestion(replica);
            acknowledge(replica, offset(server));
            assertThat(client.reply()).isEqualTo(":1");
        }
    }

    @Test
    void can_be_ended_by_client_unblock_and_by_a_new_role() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var replica = replica(server);
            var other = server.client();
            var client = server.client();
            String id = ((String) client.send("CLIENT", "ID")).substring(1);
            client.send("SET", "k", "v");
            client.write(Wire.request("WAIT", "1", "0"));
            awaitQuestion(replica);
            assertThat(other.send("INFO", "clients").toString()).contains("blocked_clients:1");
            assertThat(other.send("CLIENT", "UNBLOCK", id)).isEqualTo(":1");
            assertThat(client.reply()).isEqualTo(":0");
            client.write(Wire.request("WAIT", "1", "0"));
            server.await(
                    "blocked",
                    () -> other.send("CLIENT", "UNBLOCK", id, "ERROR").equals(":1"));
            assertThat(client.reply()).isEqualTo("-UNBLOCKED client unblocked via CLIENT UNBLOCK");

            client.write(Wire.request("WAIT", "1", "0"));
            server.await(
                    "blocked", () -> other.send("INFO", "clients").toString().contains("blocked_clients:1"));
            other.send("REPLICAOF", "127.0.0.1", master.port());
            assertThat(client.reply().toString()).startsWith("-UNBLOCKED force unblock");
            assertThat(other.send("WAIT", "0", "0").toString())
                    .startsWith("-ERR WAIT cannot be used with replica instances.");
        }
    }

    @Test
    void asks_later_while_clients_are_paused() throws Exception {
        try (var server = start("--repl-ping-replica-period", "3600")) {
            var replica = replica(server);
            var client = server.client();
            client.send("SET", "k", "v");
            long before = offset(server);
            var other = server.client();
            other.send("CLIENT", "PAUSE", "100000", "WRITE");
            client.write(Wire.request("WAIT", "1", "0"));
            server.await(
                    "blocked", () -> other.send("INFO", "clients").toString().contains("blocked_clients:1"));
            assertThat(offset(server)).isEqualTo(before);
            other.send("CLIENT", "UNPAUSE");
            awaitQuestion(replica);
            acknowledge(replica, offset(server));
            assertThat(client.reply()).isEqualTo(":1");
        }
    }
}

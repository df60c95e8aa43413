package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Histories that go on over a restart, because the file of the data set names them. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class RestartedHistoryTest {
    @TempDir
    Path directory;

    private TestServer start(String name, String... options) throws Exception {
        return new TestServer(Files.createDirectories(directory.resolve(name)), options);
    }

    private static String[] portAnd(int port, String... more) {
        var options = new String[more.length + 2];
        options[0] = "--port";
        options[1] = Integer.toString(port);
        System.arraycopy(more, 0, options, 2, more.length);
        return options;
    }

    private static void awaitUp(TestServer server, Wire client) {
        server.await("up", () -> client.info("master_link_status").equals("up"));
    }

    @Test
    void a_restarted_replica_goes_on_where_its_file_ends() throws Exception {
        try (var master = start("master")) {
            var writer = master.client();
            var replica = start("replica");
            var client = replica.client();
            client.send("REPLICAOF", "127.0.0.1", Integer.toString(master.port()));
            awaitUp(replica, client);
            writer.send("SELECT", "3");
            writer.send("SET", "before", "1");
            replica.await(
                    "replicated", () -> client.info("master_repl_offset").equals(writer.info("master_repl_offset")));
            String id = client.info("master_replid");
            replica.shutdown();
            writer.send("SET", "while it was away", "2");
            try (var again = start("replica", "--replicaof", "127.0.0.1 " + master.port())) {
                var reader = again.client();
                awaitUp(again, reader);
                assertThat(reader.info("master_replid")).isEqualTo(id);
                reader.send("SELECT", "3");
                assertThat(reader.send("GET", "before")).isEqualTo("1");
                again.await("the rest", () -> "2".equals(reader.send("GET", "while it was away")));
                assertThat(again.log()).contains("Successful partial resynchronization");
                assertThat(writer.send("INFO", "stats").toString()).contains("sync_full:1\r\n");
            }
        }
    }

    @Test
    void a_restarted_master_is_known_by_its_old_name_and_tells_what_has_expired() throws Exception {
        var master = start("master", "--repl-ping-replica-period", "3600");
        int port = master.port();
        var writer = master.client();
        try (var replica = start("replica")) {
            var client = replica.client();
            client.send("REPLICAOF", "127.0.0.1", Integer.toString(port));
            awaitUp(replica, client);
            writer.send("DEBUG", "SET-ACTIVE-EXPIRE", "0");
            writer.send("SET", "stays", "1");
            writer.send("SET", "goes", "1", "PX", "1");
            String id = writer.info("master_replid");
            master.shutdown();
            try (var again = start("master", portAnd(port))) {
                var later = again.client();
                awaitUp(replica, client);
                assertThat(later.info("master_replid2")).isEqualTo(id);
                assertThat(later.info("master_replid")).isNotEqualTo(id);
                assertThat(later.send("INFO", "stats").toString())
                        .contains("sync_full:0\r\n")
                        .contains("sync_partial_ok:1\r\n");
                later.send("SET", "after", "2");
                again.await("replicated", () -> "2".equals(client.send("GET", "after")));
                again.await(
                        "the same digest", () -> client.send("DEBUG", "DIGEST").equals(later.send("DEBUG", "DIGEST")));
                assertThat(client.send("DBSIZE")).isEqualTo(":2");
                assertThat(client.info("master_replid")).isEqualTo(later.info("master_replid"));
            }
        }
    }

    @Test
    void a_master_without_replicas_writes_no_history_and_begins_a_new_one() throws Exception {
        var master = start("master");
        master.client().send("SET", "k", "v");
        master.shutdown();
        try (var again = start("master")) {
            var client = again.client();
            assertThat(client.send("GET", "k")).isEqualTo("v");
            assertThat(client.info("master_replid2")).isEqualTo("0".repeat(40));
            assertThat(client.info("repl_backlog_active")).isEqualTo("0");
        }
    }

    @Test
    void the_end_waits_for_replicas_that_lack_something_but_not_for_ever() throws Exception {
        var master = start("master", "--shutdown-timeout", "1");
        var deaf = master.client();
        deaf.write(Wire.request("PSYNC", "?", "-1"));
        var client = master.client();
        master.await("online", () -> client.info("slave0").contains("state=online"));
        client.send("SET", "k", "v");
        var reader = master.client();
        client.write(Wire.request("SHUTDOWN", "NOSAVE"));
        master.awaitLog("Waiting for replicas before shutting down.");
        var second = master.client();
        second.write(Wire.request("SHUTDOWN", "NOSAVE"));
        master.await(
                "both wait", () -> reader.send("INFO", "clients").toString().contains("blocked_clients:2"));
        assertThat(reader.send("INFO", "server").toString()).contains("shutdown_in_milliseconds:");
        var writer = master.client();
        writer.write(Wire.request("SET", "k", "w"));
        master.await("paused", () -> reader.send("INFO", "clients").toString().contains("blocked_clients:3"));
        assertThat(reader.send("SHUTDOWN", "ABORT")).isEqualTo("+OK");
        assertThat(client.reply()).isEqualTo("-ERR Errors trying to SHUTDOWN. Check logs.");
        assertThat(second.reply()).isEqualTo("-ERR Errors trying to SHUTDOWN. Check logs.");
        assertThat(writer.reply()).isEqualTo("+OK");
        client.write(Wire.request("SHUTDOWN", "NOSAVE"));
        master.awaitLog("0 of 1 replicas are in sync when shutting down.");
        master.close();
    }
}

package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What INFO tells of the traffic between two servers of ours, and of snapshots. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplicationFiguresTest {
    private static final int VALUE_BYTES = 100_000;

    @TempDir
    Path directory;

    private TestServer start(String name, String... options) throws Exception {
        return new TestServer(Files.createDirectories(directory.resolve(name)), options);
    }

    private static long figure(Wire client, String field) {
        for (String line : ((String) client.send("INFO", "stats")).split("\r\n")) {
            if (line.startsWith(field + ":")) {
                return Long.parseLong(line.substring(field.length() + 1));
            }
        }
        throw new AssertionError("no field " + field);
    }

    @Test
    void bytes_between_master_and_replica_are_counted_apart_and_in_all() throws Exception {
        // Packets of such a link may be joined; all of them come all the same.
        try (var master = start("master", "--repl-disable-tcp-nodelay", "yes", "--rdbcompression", "no");
                var replica = start("replica")) {
            var client = master.client();
            var other = replica.client();
            client.send("SET", "old", "v".repeat(VALUE_BYTES));
            assertThat(figure(client, "total_net_repl_output_bytes")).isZero();
            other.send("REPLICAOF", "127.0.0.1", Integer.toString(master.port()));
            replica.awaitLog("Finished with success");
            long snapshot = figure(client, "total_net_repl_output_bytes");
            assertThat(snapshot).isGreaterThan(VALUE_BYTES);
            client.send("SET", "new", "v".repeat(VALUE_BYTES));
            client.send("WAIT", "1", "0");
            long sent = figure(client, "total_net_repl_output_bytes");
            assertThat(sent).isGreaterThan(snapshot + VALUE_BYTES);
            assertThat(figure(client, "total_net_output_bytes")).isGreaterThan(sent);
            assertThat(figure(client, "total_net_repl_input_bytes")).isZero();
            long received = figure(other, "total_net_repl_input_bytes");
            assertThat(received).isGreaterThanOrEqualTo(sent);
            assertThat(figure(other, "total_net_input_bytes")).isGreaterThan(received);
            client.send("CONFIG", "RESETSTAT");
            assertThat(figure(client, "total_net_repl_output_bytes")).isLessThan(VALUE_BYTES);
        }
    }

    @Test
    void what_redis_would_fork_for_is_counted() throws Exception {
        try (var server = start("server")) {
            var client = server.client();
            assertThat(client.send("SAVE")).isEqualTo("+OK");
            assertThat(figure(client, "total_forks")).isZero();
            client.send("BGSAVE");
            assertThat(figure(client, "total_forks")).isEqualTo(1);
            server.await(
                    "the end of it",
                    () -> client.send("INFO", "persistence").toString().contains("rdb_bgsave_in_progress:0"));
            client.send("BGREWRITEAOF");
            server.await("the rewrite", () -> figure(client, "total_forks") == 2);
        }
    }
}

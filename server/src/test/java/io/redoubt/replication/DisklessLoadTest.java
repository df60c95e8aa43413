package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Snapshots that are loaded as they come, from a master that we play. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class DisklessLoadTest {
    private static final String MARK = "m".repeat(40);

    @TempDir
    Path directory;

    private TestServer start(String... options) throws Exception {
        return new TestServer(directory, options);
    }

    private static byte[] rdb(int keys) throws IOException {
        var data = new LinkedHashMap<String, String>();
        for (int i = 0; i < keys; i++) {
            data.put("new" + i, "value".repeat(i % 300));
        }
        return FakeMaster.rdb(data);
    }

    private static Wire begin(FakeMaster master, String header) throws IOException {
        var replica = master.accept();
        master.greet(replica);
        replica.write("+FULLRESYNC " + FakeMaster.ID + " 100\r\n" + header + "\r\n");
        return replica;
    }

    @ParameterizedTest(name = "{0}, marked: {1}, pieces of {2}")
    @CsvSource({
        "swapdb, true, 1000000",
        "swapdb, false, 7001",
        "on-empty-db, true, 7001",
        "on-empty-db, false, 1000000",
        "swapdb, true, 333"
    })
    void loads_from_the_socket_and_goes_on_with_the_stream(String mode, boolean isMarked, int piece) throws Exception {
        try (var server = start("--repl-diskless-load", mode);
                var master = new FakeMaster()) {
            var client = server.client();
            if (mode.equals("swapdb")) {
                client.send("SET", "old", "1");
                client.send("SELECT", "4");
                client.send("SET", "old", "1");
                client.send("SELECT", "0");
            }
            client.send("REPLICAOF", "127.0.0.1", master.port());
            byte[] rdb = rdb(3000);
            var replica = begin(master, isMarked ? "$EOF:" + MARK : "$" + rdb.length);
            for (int at = 0; at < rdb.length; at += piece) {
                replica.write(Arrays.copyOfRange(rdb, at, Math.min(rdb.length, at + piece)));
            }
            replica.write(isMarked ? MARK : "");
            FakeMaster.awaitAck(replica, 100);
            replica.write(Wire.request("SET", "streamed", "1"));
            server.await("streamed", () -> "1".equals(client.send("GET", "streamed")));
            assertThat(client.send("DBSIZE")).isEqualTo(":3001");
            assertThat(client.send("GET", "new299")).isEqualTo("value".repeat(299));
            client.send("SELECT", "4");
            assertThat(client.send("DBSIZE")).isEqualTo(":0");
            assertThat(client.info("master_replid")).isEqualTo(FakeMaster.ID);
            assertThat(server.log()).contains("to parser");
        }
    }

    @Test
    void answers_from_the_old_data_while_the_same_history_is_loaded_and_keeps_it_when_that_fails() throws Exception {
        try (var server = start("--repl-diskless-load", "swapdb");
                var master = new FakeMaster()) {
            var client = server.client();
            client.send("REPLICAOF", "127.0.0.1", master.port());
            var first = master.fullSync(Map.of("old", "1"), 50);
            FakeMaster.awaitAck(first, 50);
            first.close();
            byte[] rdb = rdb(1000);
            var second = begin(master, "$EOF:" + MARK);
            second.write(Arrays.copyOf(rdb, rdb.length / 2));
            server.await(
                    "loading",
                    () -> client.send("INFO", "persistence").toString().contains("async_loading:1"));
            assertThat(client.send("INFO", "persistence").toString()).contains("\r\nloading:0\r\n");
            assertThat(client.send("GET", "old")).isEqualTo("1");
            assertThat(client.send("GET", "new1")).isEqualTo("(nil)");
            assertThat(client.send("DBSIZE")).isEqualTo(":1");
            assertThat(client.send("SAVE").toString()).startsWith("-LOADING");
            assertThat(client.send("CONFIG", "SET", "appendonly", "yes").toString())
                    .startsWith("-LOADING");
            assertThat(client.send("REPLICAOF", "NO", "ONE").toString()).startsWith("-LOADING");
            assertThat(client.send("EXISTS", "new0")).isEqualTo(":0");
            second.close();
            server.awaitLog("Discarding temporary DB");
            assertThat(client.send("DBSIZE")).isEqualTo(":1");
            assertThat(client.send("GET", "old")).isEqualTo("1");

            var third = begin(master, "$EOF:" + MARK);
            third.write(rdb);
            third.write(MARK);
            FakeMaster.awaitAck(third, 100);
            assertThat(client.send("DBSIZE")).isEqualTo(":1000");
            assertThat(client.send("GET", "old")).isEqualTo("(nil)");
        }
    }

    @ParameterizedTest(name = "damaged at {0}")
    @ValueSource(ints = {5, 60, 3000, -1})
    void keeps_the_old_data_when_the_snapshot_is_damaged(int at) throws Exception {
        try (var server = start("--repl-diskless-load", "swapdb");
                var master = new FakeMaster()) {
            var client = server.client();
            client.send("SET", "old", "1");
            client.send("REPLICAOF", "127.0.0.1", master.port());
            byte[] rdb = rdb(500);
            rdb[at < 0 ? rdb.length - 1 : at] ^= 0x55;
            var replica = begin(master, "$" + rdb.length);
            replica.write(rdb);
            server.awaitLog("Discarding temporary DB");
            assertThat(client.send("GET", "old")).isEqualTo("1");
            assertThat(client.send("DBSIZE")).isEqualTo(":1");
        }
    }

    @Test
    void uses_a_file_where_the_database_is_not_empty() throws Exception {
        try (var server = start("--repl-diskless-load", "on-empty-db");
                var master = new FakeMaster()) {
            var client = server.client();
            client.send("SET", "old", "1");
            client.send("REPLICAOF", "127.0.0.1", master.port());
            FakeMaster.awaitAck(master.fullSync(Map.of("new", "1"), 9), 9);
            assertThat(server.log()).contains("to disk");
            assertThat(client.send("DBSIZE")).isEqualTo(":1");
        }
    }
}

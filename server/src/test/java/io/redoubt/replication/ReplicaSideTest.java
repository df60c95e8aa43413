package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator.ReplaceUnderscores;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a replica does with a master that we play. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class ReplicaSideTest {
    @TempDir
    Path directory;

    private TestServer start(String... options) throws Exception {
        return new TestServer(directory, options);
    }

    private static Wire follow(TestServer server, FakeMaster master) throws Exception {
        var client = server.client();
        assertThat(client.send("REPLICAOF", "127.0.0.1", master.port())).isEqualTo("+OK");
        return client;
    }

    private static void awaitValue(TestServer server, Wire client, String key, String value) {
        server.await(key + " is " + value, () -> client.send("GET", key).equals(value));
    }

    @Test
    void introduces_itself_as_a_replica_of_redis_does() throws Exception {
        try (var server = start("--masteruser", "repl", "--masterauth", "s3cret", "--replica-announce-ip", "10.1.2.3");
                var master = new FakeMaster()) {
            follow(server, master);
            var said = master.greet(master.accept());
            assertThat(said)
                    .startsWith(
                            List.of("PING"),
                            List.of("AUTH", "repl", "s3cret"),
                            List.of("REPLCONF", "listening-port", Integer.toString(server.port())),
                            List.of("REPLCONF", "ip-address", "10.1.2.3"),
                            List.of("REPLCONF", "capa", "eof", "capa", "psync2"))
                    .hasSize(6);
            assertThat(said.getLast().getFirst()).isEqualTo("PSYNC");
            assertThat(server.log()).doesNotContain("s3cret");
        }
    }

    @Test
    void deletes_what_its_own_clients_let_expire_and_only_hides_what_its_master_does() throws Exception {
        try (var server = start("--replica-read-only", "no", "--enable-debug-command", "yes");
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "1"), 0);
            FakeMaster.awaitAck(replica, 0);
            replica.write(Wire.request("SET", "theirs", "1", "PXAT", Long.toString(System.currentTimeMillis() + 20)));
            client.send("SET", "ours", "1", "PX", "20");
            client.send("SADD", "set", "1");
            client.send("PEXPIRE", "set", "20");
            server.await(
                    "ours are gone",
                    () -> client.send("INFO", "stats").toString().contains("expired_keys:2"));
            server.await(
                    "theirs is hidden", () -> client.send("EXISTS", "theirs").equals(":0"));
            assertThat(client.send("DBSIZE")).isEqualTo(":2");
            assertThat(client.send("DEBUG", "OBJECT", "theirs").toString()).startsWith("+Value at:");
            assertThat(client.info("master_repl_offset")).isNotEqualTo("0");
        }
    }

    @Test
    void shows_its_master_as_a_client_that_can_be_killed_and_comes_back() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            FakeMaster.awaitAck(master.fullSync(Map.of("a", "1"), 10), 10);
            String address = "127.0.0.1:" + master.port();
            assertThat(client.send("CLIENT", "LIST", "TYPE", "master").toString())
                    .contains(" addr=" + address + " ")
                    .contains(" flags=M ");
            assertThat(client.send("CLIENT", "KILL", address)).isEqualTo("+OK");
            var again = master.accept();
            assertThat(master.greet(again).getLast()).containsExactly("PSYNC", FakeMaster.ID, "11");
            assertThat(client.send("CLIENT", "LIST", "TYPE", "master")).isEqualTo("");
        }
    }

    @Test
    void says_why_it_cannot_log_in_but_never_with_what() throws Exception {
        try (var server = start("--masterauth", "s3cret");
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.accept();
            assertThat(replica.command()).containsExactly("PING");
            replica.write("-NOAUTH Authentication required.\r\n");
            assertThat(replica.command()).containsExactly("AUTH", "s3cret");
            replica.write("-WRONGPASS invalid username-password pair or user is disabled.\r\n");
            server.awaitLog("Unable to AUTH to MASTER: -WRONGPASS");
            assertThat(server.log()).doesNotContain("s3cret");
            assertThat(client.info("master_link_status")).isEqualTo("down");
        }
    }

    @Test
    void loads_a_snapshot_of_known_length_and_acknowledges_it() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            server.client().send("SET", "old", "1");
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "1", "b", "x".repeat(100)), 100);
            FakeMaster.awaitAck(replica, 100);
            assertThat(client.send("GET", "a")).isEqualTo("1");
            assertThat(client.send("GET", "b")).isEqualTo("x".repeat(100));
            assertThat(client.send("GET", "old")).isEqualTo("(nil)");
            assertThat(client.send("SET", "a", "2"))
                    .isEqualTo("-READONLY You can't write against a read only replica.");
            assertThat(client.info("master_replid")).isEqualTo(FakeMaster.ID);
            assertThat(client.send("ROLE"))
                    .isEqualTo(List.of("slave", "127.0.0.1", ":" + master.port(), "connected", ":100"));
        }
    }

    @Test
    void loads_a_snapshot_that_ends_with_a_mark_in_any_pieces() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.accept();
            master.greet(replica);
            String mark = "abcdefghij".repeat(4);
            replica.write("\n\n+FULLRESYNC " + FakeMaster.ID + " 7\r\n\n$EOF:" + mark + "\r\n");
            byte[] rdb = FakeMaster.rdb(Map.of("a", "1"));
            for (byte one : rdb) {
                replica.write(new byte[] {one});
            }
            replica.write(mark.substring(0, 13));
            replica.write(mark.substring(13));
            FakeMaster.awaitAck(replica, 7);
            assertThat(client.send("GET", "a")).isEqualTo("1");
        }
    }

    @Test
    void counts_every_byte_and_answers_getack_including_it() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of(), 100);
            FakeMaster.awaitAck(replica, 100);
            replica.write(Wire.request("REPLCONF", "GETACK", "*"));
            FakeMaster.awaitAck(replica, 137);
            replica.write("\n"); // Keeps the link alive, and is no part of the stream.
            replica.write(Wire.request("ping"));
            replica.write(Wire.request("REPLCONF", "GETACK", "*"));
            FakeMaster.awaitAck(replica, 137 + 14 + 37);
            assertThat(client.info("slave_repl_offset")).isEqualTo("188");
        }
    }

    @ParameterizedTest(name = "at byte {0}")
    @ValueSource(ints = {5, 40, 60})
    void keeps_its_data_when_the_snapshot_is_damaged(int place) throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            server.client().send("SET", "old", "1");
            var client = follow(server, master);
            var replica = master.accept();
            master.greet(replica);
            byte[] rdb = FakeMaster.rdb(Map.of("a", "x".repeat(300), "b", "y".repeat(50)));
            byte[] damaged = rdb.clone();
            damaged[place] ^= 0x55;
            replica.write("+FULLRESYNC " + FakeMaster.ID + " 7\r\n$" + damaged.length + "\r\n");
            replica.write(damaged);
            server.awaitLog("The old data is kept");
            assertThat(client.send("GET", "old")).isEqualTo("1");
            FakeMaster.awaitAck(master.fullSync(Map.of("a", "1"), 7), 7); // It tries again.
            assertThat(client.send("GET", "a")).isEqualTo("1");
        }
    }

    @Test
    void keeps_its_data_when_the_snapshot_holds_a_type_that_it_cannot_keep() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            server.client().send("SET", "old", "1");
            var client = follow(server, master);
            var replica = master.accept();
            master.greet(replica);
            var rdb = new ByteArrayOutputStream();
            rdb.writeBytes(Wire.bytes("REDIS0010"));
            // Type 6 is a module's value of old: nobody reads it.
            rdb.writeBytes(new byte[] {6, 4, 'k', 'i', 'n', 'd', 0, (byte) 255, 0, 0, 0, 0, 0, 0, 0, 0});
            replica.write("+FULLRESYNC " + FakeMaster.ID + " 7\r\n$" + rdb.size() + "\r\n");
            replica.write(rdb.toByteArray());
            server.awaitLog("of key \"kind\"");
            assertThat(client.send("GET", "old")).isEqualTo("1");
        }
    }

    @Test
    void shows_nothing_of_a_transaction_that_has_not_arrived_completely() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "0"), 100);
            replica.write(Wire.request("SET", "seen", "1"));
            replica.write(Wire.request("MULTI"));
            replica.write(Wire.request("SET", "a", "1"));
            awaitValue(server, client, "seen", "1");
            replica.close();
            server.awaitLog("Connection with master lost");
            assertThat(client.send("GET", "a")).isEqualTo("0");
            long applied = 100 + Wire.request("SET", "seen", "1").length;
            replica = master.accept();
            var psync = master.greet(replica).getLast();
            assertThat(psync).containsExactly("PSYNC", FakeMaster.ID, Long.toString(applied + 1));
            replica.write("+CONTINUE " + FakeMaster.ID + "\r\n");
            replica.write(Wire.request("MULTI"));
            replica.write(Wire.request("SET", "a", "1"));
            replica.write(Wire.request("SET", "b", "1"));
            replica.write(Wire.request("EXEC"));
            awaitValue(server, client, "b", "1");
            assertThat(client.send("GET", "a")).isEqualTo("1");
        }
    }

    @Test
    void takes_the_new_name_of_a_history_and_keeps_the_old_one() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            master.fullSync(Map.of(), 100).close();
            var replica = master.accept();
            master.greet(replica);
            String newId = "f".repeat(40);
            replica.write("+CONTINUE " + newId + "\r\n");
            server.await("new id", () -> client.info("master_replid").equals(newId));
            assertThat(client.info("master_replid2")).isEqualTo(FakeMaster.ID);
            assertThat(client.info("second_repl_offset")).isEqualTo("101");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"SHUTDOWN", "SAVE", "BGSAVE", "MONITOR", "AUTH nobody wrong"})
    void passes_over_commands_that_no_master_sends_and_keeps_the_link(String line) throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "1"), 100);
            FakeMaster.awaitAck(replica, 100);
            byte[] command = Wire.request(line.split(" "));
            byte[] set = Wire.request("SET", "a", "2");
            replica.write(command);
            replica.write(set);
            awaitValue(server, client, "a", "2");
            FakeMaster.awaitAck(replica, 100 + command.length + set.length);
            assertThat(client.info("master_link_status")).isEqualTo("up");
        }
    }

    @Test
    void says_which_command_of_its_master_has_failed_here() throws Exception {
        try (var server = start("--replica-read-only", "no");
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "1"), 100);
            FakeMaster.awaitAck(replica, 100);
            client.send("SET", "number", "none");
            replica.write(Wire.request("INCRBY", "number", "1"));
            server.awaitLog("an integer or out of range' after processing the command 'incrby'");
            assertThat(client.send("GET", "number")).isEqualTo("none");
        }
    }

    @Test
    void stops_at_a_command_that_it_does_not_know_instead_of_skipping_it() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of(), 100);
            replica.write(Wire.request("SET", "a", "1"));
            replica.write(Wire.request("NOSUCHCOMMAND", "a", "1"));
            replica.write(Wire.request("SET", "b", "1"));
            server.awaitLog("== CRITICAL == This replica cannot apply the command 'NOSUCHCOMMAND'");
            assertThat(client.send("GET", "a")).isEqualTo("1");
            assertThat(client.send("GET", "b")).isEqualTo("(nil)");
            server.await("down", () -> client.info("master_link_status").equals("down"));
            assertThat(client.info("slave_repl_offset"))
                    .isEqualTo(Integer.toString(100 + Wire.request("SET", "a", "1").length));
        }
    }

    @Test
    void becomes_a_master_that_its_former_fellows_can_continue_with() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of("a", "1"), 100);
            FakeMaster.awaitAck(replica, 100);
            assertThat(client.send("REPLICAOF", "127.0.0.1", master.port()))
                    .isEqualTo("+OK Already connected to specified master");
            assertThat(client.send("REPLICAOF", "NO", "ONE")).isEqualTo("+OK");
            assertThat(client.info("role")).isEqualTo("master");
            assertThat(client.info("master_replid2")).isEqualTo(FakeMaster.ID);
            assertThat(client.info("second_repl_offset")).isEqualTo("101");
            assertThat(client.send("SET", "a", "2")).isEqualTo("+OK");
            var fellow = server.client();
            fellow.send("REPLCONF", "capa", "psync2");
            fellow.write(Wire.request("PSYNC", FakeMaster.ID, "101"));
            assertThat(fellow.line()).isEqualTo("+CONTINUE " + client.info("master_replid"));
            assertThat(fellow.command()).containsExactly("SELECT", "0");
            assertThat(fellow.command()).containsExactly("SET", "a", "2");
            var stranger = server.client();
            stranger.write(Wire.request("PSYNC", FakeMaster.ID, "102"));
            String answer = stranger.line();
            assertThat(answer.isEmpty() ? stranger.line() : answer).startsWith("+FULLRESYNC");
        }
    }

    @Test
    void refuses_reads_without_its_master_when_told_to_serve_nothing_stale() throws Exception {
        try (var server = start("--replica-serve-stale-data", "no");
                var master = new FakeMaster()) {
            var client = follow(server, master);
            assertThat(client.send("GET", "a"))
                    .isEqualTo("-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
            var replica = master.fullSync(Map.of("a", "1"), 100);
            awaitValue(server, client, "a", "1");
            var other = server.client();
            assertThat(other.send("INFO", "replication").toString()).contains("master_link_status:up");
            replica.close();
            server.await("stale", () -> client.send("GET", "a").toString().startsWith("-MASTERDOWN"));
        }
    }

    @Test
    void refuses_to_be_a_master_while_its_own_link_is_down() throws Exception {
        try (var server = start();
                var master = new FakeMaster()) {
            var client = follow(server, master);
            assertThat(client.send("PSYNC", "?", "-1"))
                    .isEqualTo("-NOMASTERLINK Can't SYNC while not connected with my master");
        }
    }

    @Test
    void keeps_what_clients_write_to_a_writable_replica_out_of_the_stream() throws Exception {
        try (var server = start("--replica-read-only", "no");
                var master = new FakeMaster()) {
            var client = follow(server, master);
            var replica = master.fullSync(Map.of(), 100);
            FakeMaster.awaitAck(replica, 100);
            assertThat(client.send("SET", "own", "1")).isEqualTo("+OK");
            assertThat(client.info("master_repl_offset")).isEqualTo("100");
        }
    }

    /** However the stream is cut, data, offset and what goes on to the next replica are the same. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void applies_a_stream_cut_anywhere_and_passes_on_the_same_bytes(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        var stream = new ByteArrayOutputStream();
        var model = new ArrayList<Map<String, String>>();
        for (int db = 0; db < 4; db++) {
            model.add(new HashMap<>());
        }
        int database = 0;
        boolean isInside = false;
        for (int i = 0; i < 400; i++) {
            int choice = random.nextInt(10);
            if (choice == 0) {
                database = random.nextInt(4);
                stream.writeBytes(Wire.request("SELECT", Integer.toString(database)));
            } else if (choice == 1) {
                stream.writeBytes(Wire.request(isInside ? "EXEC" : "MULTI"));
                isInside = !isInside;
            } else if (choice == 2 && !isInside) {
                stream.writeBytes(Wire.request("ping"));
            } else {
                String key = "k" + random.nextInt(40);
                String value = "v\r\n".repeat(random.nextInt(30)) + i;
                stream.writeBytes(Wire.request("SET", key, value));
                model.get(database).put(key, value);
            }
        }
        if (isInside) {
            stream.writeBytes(Wire.request("EXEC"));
        }
        byte[] bytes = stream.toByteArray();
        try (var server = start("--io-threads", seed % 2 == 0 ? "3" : "1");
                var master = new FakeMaster()) {
            follow(server, master);
            var replica = master.fullSync(Map.of(), 100);
            FakeMaster.awaitAck(replica, 100);
            var next = server.client();
            next.write(Wire.request("PSYNC", FakeMaster.ID, "101"));
            assertThat(next.line()).isEqualTo("+CONTINUE");
            for (int at = 0; at < bytes.length; ) {
                int piece = Math.min(bytes.length - at, 1 + random.nextInt(random.nextInt(1, 400)));
                replica.write(java.util.Arrays.copyOfRange(bytes, at, at + piece));
                at += piece;
            }
            assertThat(Wire.text(next.read(bytes.length))).isEqualTo(Wire.text(bytes));
            for (int db = 0; db < 4; db++) {
                var client = server.client();
                client.send("SELECT", Integer.toString(db));
                assertThat(client.send("DBSIZE")).isEqualTo(":" + model.get(db).size());
                for (var entry : model.get(db).entrySet()) {
                    assertThat(client.send("GET", entry.getKey())).isEqualTo(entry.getValue());
                }
            }
        }
    }
}

package io.redoubt.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.redoubt.persist.RdbReader;
import io.redoubt.persist.StringVisitor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
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

/** What a master does for a replica that we play. */
@DisplayNameGeneration(ReplaceUnderscores.class)
class MasterSideTest {
    @TempDir
    Path directory;

    /** A full resync as a replica sees it: where it begins, and what was in it. */
    private record Copy(String id, long offset, Map<String, String> data) {}

    private TestServer start(String... options) throws Exception {
        return new TestServer(directory, options);
    }

    private static Wire replica(TestServer server) throws IOException {
        var replica = server.client();
        assertThat(replica.send("REPLCONF", "listening-port", "7", "ip-address", "10.0.0.9"))
                .isEqualTo("+OK");
        return replica;
    }

    private static Copy fullResync(Wire replica, boolean isStreamed) throws IOException {
        if (isStreamed) {
            assertThat(replica.send("REPLCONF", "capa", "eof", "capa", "psync2"))
                    .isEqualTo("+OK");
        }
        replica.write(Wire.request("PSYNC", "?", "-1"));
        String[] answer = firstLine(replica).split(" ");
        assertThat(answer[0]).isEqualTo("+FULLRESYNC");
        String header = firstLine(replica);
        byte[] rdb;
        if (isStreamed) {
            assertThat(header).startsWith("$EOF:").hasSize(45);
            rdb = replica.readTo(Wire.bytes(header.substring(5)));
        } else {
            rdb = replica.read(Integer.parseInt(header.substring(1)));
        }
        return new Copy(answer[1], Long.parseLong(answer[2]), content(rdb));
    }

    /** A line; bare newlines, by which a master says that it is still preparing, are skipped. */
    private static String firstLine(Wire replica) throws IOException {
        String line = replica.line();
        while (line.isEmpty()) {
            line = replica.line();
        }
        return line;
    }

    private static Map<String, String> content(byte[] rdb) throws IOException {
        var data = new HashMap<String, String>();
        new RdbReader(new ByteArrayInputStream(rdb), true).read(new StringVisitor() {
            @Override
            public void string(int db, byte[] key, byte[] value, long expiryMillis, long idleSeconds, int frequency) {
                data.put(Wire.text(key), Wire.text(value));
            }

            @Override
            public void function(byte[] code) {
                throw new AssertionError("no function was loaded");
            }
        });
        return data;
    }

    @Test
    void streams_a_snapshot_and_then_nothing_until_the_first_ack() throws Exception {
        try (var server = start()) {
            var client = server.client();
            client.send("SET", "before", "1");
            var replica = replica(server);
            var copy = fullResync(replica, true);
            assertThat(copy.data).containsExactlyEntriesOf(Map.of("before", "1"));
            client.send("SET", "after", "2");
            assertThat(replica.available()).isZero();
            replica.write(Wire.request("REPLCONF", "ACK", Long.toString(copy.offset)));
            var first = replica.command();
            while (first.equals(List.of("ping"))) {
                first = replica.command();
            }
            assertThat(first).containsExactly("SELECT", "0");
            assertThat(replica.command()).containsExactly("SET", "after", "2");
        }
    }

    @Test
    void sends_a_length_to_a_replica_that_knows_no_marks_and_streams_at_once() throws Exception {
        try (var server = start()) {
            var client = server.client();
            client.send("SET", "before", "1");
            var replica = replica(server);
            assertThat(fullResync(replica, false).data).containsKey("before");
            client.send("SET", "after", "2");
            var command = replica.command();
            while (command.equals(List.of("ping"))) {
                command = replica.command();
            }
            assertThat(command).containsExactly("SELECT", "0");
            assertThat(replica.command()).containsExactly("SET", "after", "2");
            assertThat(client.info("slave0")).startsWith("ip=10.0.0.9,port=7,state=online,offset=");
        }
    }

    @Test
    void lets_a_replica_share_the_file_that_is_being_written_for_another() throws Exception {
        try (var server = start("--repl-diskless-sync", "no", "--rdb-key-save-delay", "100000")) {
            var client = server.client();
            for (int i = 0; i < 200; i++) {
                client.send("SET", "k" + i, "1");
            }
            var first = replica(server);
            first.write(Wire.request("PSYNC", "?", "-1"));
            String greeting = firstLine(first);
            client.send("SET", "meanwhile", "2");
            var second = replica(server);
            second.write(Wire.request("PSYNC", "?", "-1"));
            server.awaitLog("shares it");
            client.send("SET", "later", "3");
            client.send("CONFIG", "SET", "rdb-key-save-delay", "0");
            assertThat(firstLine(second)).isEqualTo(greeting);
            for (var replica : List.of(first, second)) {
                byte[] rdb = replica.read(Integer.parseInt(firstLine(replica).substring(1)));
                assertThat(content(rdb)).hasSize(200).doesNotContainKey("meanwhile");
                assertThat(commandsBut(replica, "ping", 3))
                        .containsExactly(
                                List.of("SELECT", "0"), List.of("SET", "meanwhile", "2"), List.of("SET", "later", "3"));
            }
            assertThat(client.send("INFO", "stats").toString()).contains("total_forks:1", "sync_full:2");
        }
    }

    private static List<List<String>> commandsBut(Wire replica, String left, int count) throws IOException {
        var commands = new ArrayList<List<String>>();
        while (commands.size() < count) {
            var command = replica.command();
            if (!command.equals(List.of(left))) {
                commands.add(command);
            }
        }
        return commands;
    }

    @Test
    void a_replica_that_comes_when_nobody_is_left_gets_a_snapshot_of_its_own() throws Exception {
        try (var server = start("--repl-diskless-sync", "no", "--rdb-key-save-delay", "100000")) {
            var client = server.client();
            for (int i = 0; i < 200; i++) {
                client.send("SET", "k" + i, "1");
            }
            var first = replica(server);
            first.write(Wire.request("PSYNC", "?", "-1"));
            firstLine(first);
            client.send("SET", "meanwhile", "2");
            first.close();
            server.await("nobody is left", () -> client.info("connected_slaves").equals("0"));
            client.send("CONFIG", "SET", "rdb-key-save-delay", "0");
            assertThat(fullResync(replica(server), false).data).containsKey("meanwhile");
        }
    }

    @Test
    void continues_a_replica_that_comes_back_within_the_backlog() throws Exception {
        try (var server = start("--repl-ping-replica-period", "3600")) {
            var client = server.client();
            var replica = replica(server);
            var copy = fullResync(replica, false);
            client.send("SET", "a", "1");
            while (!replica.command().contains("SET")) {}
            long offset = Long.parseLong(client.info("master_repl_offset"));
            replica.close();
            client.send("SET", "b", "2");
            var again = server.client();
            again.send("REPLCONF", "capa", "psync2");
            again.write(Wire.request("PSYNC", copy.id, Long.toString(offset + 1)));
            assertThat(again.line()).isEqualTo("+CONTINUE " + copy.id);
            assertThat(again.command()).containsExactly("SET", "b", "2");
        }
    }

    @Test
    void answers_without_the_id_to_a_replica_that_does_not_know_psync2() throws Exception {
        try (var server = start()) {
            var copy = fullResync(replica(server), false);
            var again = server.client();
            again.write(Wire.request("PSYNC", copy.id, Long.toString(copy.offset + 1)));
            assertThat(again.line()).isEqualTo("+CONTINUE");
        }
    }

    @ParameterizedTest(name = "asking for byte {0} behind the last one")
    @ValueSource(ints = {2, 1_000_000})
    void needs_a_full_resync_for_bytes_that_it_does_not_have(int ahead) throws Exception {
        try (var server = start("--repl-ping-replica-period", "3600")) {
            var replica = replica(server);
            var copy = fullResync(replica, false);
            long offset = Long.parseLong(server.client().info("master_repl_offset"));
            var again = server.client();
            again.write(Wire.request("PSYNC", copy.id, Long.toString(offset + ahead)));
            assertThat(firstLine(again)).startsWith("+FULLRESYNC " + copy.id);
        }
    }

    @Test
    void needs_a_full_resync_once_the_backlog_has_moved_on() throws Exception {
        try (var server = start("--repl-backlog-size", "16kb")) {
            var client = server.client();
            var copy = fullResync(replica(server), false);
            String value = "x".repeat(1000);
            for (int i = 0; i < 200; i++) {
                client.send("SET", "k" + i, value);
            }
            var again = server.client();
            again.write(Wire.request("PSYNC", copy.id, Long.toString(copy.offset + 1)));
            assertThat(firstLine(again)).startsWith("+FULLRESYNC " + copy.id);
        }
    }

    @Test
    void shares_one_snapshot_between_replicas_that_wait_for_it() throws Exception {
        try (var server = start("--repl-diskless-sync-delay", "3600", "--repl-diskless-sync-max-replicas", "2")) {
            server.client().send("SET", "k", "v");
            var first = replica(server);
            first.send("REPLCONF", "capa", "eof");
            first.write(Wire.request("PSYNC", "?", "-1"));
            var client = server.client();
            server.await("waiting", () -> client.info("slave0").contains("state=wait_bgsave"));
            var second = replica(server);
            var copy = fullResync(second, true);
            assertThat(copy.data).containsOnlyKeys("k");
            assertThat(firstLine(first)).isEqualTo("+FULLRESYNC " + copy.id + " " + copy.offset);
        }
    }

    @Test
    void keeps_its_clients_waiting_for_no_replica_and_says_what_is_wrong_with_requests() throws Exception {
        try (var server = start()) {
            var client = server.client();
            assertThat(client.send("PSYNC", "?", "x")).isEqualTo("-ERR value is not an integer or out of range");
            assertThat(client.send("REPLCONF", "capa")).isEqualTo("-ERR syntax error");
            assertThat(client.send("REPLCONF", "nonsense", "1"))
                    .isEqualTo("-ERR Unrecognized REPLCONF option: nonsense");
            assertThat(client.send("REPLCONF", "ip-address", "1".repeat(256)))
                    .isEqualTo("-ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes");
            assertThat(client.send("REPLICAOF", "a", "b")).isEqualTo("-ERR Invalid master port");
            assertThat(client.send("REPLICAOF", "NO", "ONE")).isEqualTo("+OK");
            assertThat(client.send("ROLE")).isEqualTo(List.of("master", ":0", List.of()));
        }
    }

    @Test
    void does_not_answer_acks() throws Exception {
        try (var server = start()) {
            var client = server.client();
            client.write(Wire.request("REPLCONF", "ACK", "1"));
            client.write(Wire.request("REPLCONF", "GETACK", "*"));
            assertThat(client.send("PING")).isEqualTo("+PONG");
        }
    }

    @Test
    void closes_after_the_snapshot_when_only_that_is_wanted() throws Exception {
        try (var server = start()) {
            server.client().send("SET", "k", "v");
            var replica = server.client();
            replica.send("REPLCONF", "rdb-only", "1");
            assertThat(fullResync(replica, true).data).containsOnlyKeys("k");
            var client = server.client();
            server.await("gone", () -> client.info("connected_slaves").equals("0"));
        }
    }

    @Test
    void sends_no_data_to_a_replica_that_filters_it_out() throws Exception {
        try (var server = start()) {
            server.client().send("SET", "k", "v");
            var replica = server.client();
            replica.send("REPLCONF", "rdb-filter-only", "");
            assertThat(fullResync(replica, true).data).isEmpty();
        }
    }

    @Test
    void refuses_writes_while_too_few_replicas_keep_up() throws Exception {
        try (var server = start("--min-replicas-to-write", "1")) {
            var client = server.client();
            server.await(
                    "refusal",
                    () -> client.send("SET", "k", "v").equals("-NOREPLICAS Not enough good replicas to write."));
            fullResync(replica(server), false);
            server.await("a good replica", () -> client.send("SET", "k", "v").equals("+OK"));
            assertThat(client.info("min_slaves_good_slaves")).isEqualTo("1");
        }
    }

    @ParameterizedTest(name = "snapshot by mark: {0}")
    @ValueSource(booleans = {true, false})
    void drops_a_replica_that_takes_nothing_and_goes_on_for_everybody_else(boolean isStreamed) throws Exception {
        try (var server = start("--repl-timeout", "1")) {
            var client = server.client();
            var random = new SplittableRandom(1);
            for (int i = 0; i < 30; i++) {
                var bytes = new byte[1 << 20];
                random.nextBytes(bytes);
                client.send("SET", "big" + i, Wire.text(bytes));
            }
            var replica = replica(server);
            if (isStreamed) {
                replica.send("REPLCONF", "capa", "eof");
            }
            replica.write(Wire.request("PSYNC", "?", "-1"));
            server.awaitLog("Disconnecting timedout replica (full sync): 10.0.0.9:7");
            assertThat(client.send("SET", "k", "v")).isEqualTo("+OK");
            server.await("gone", () -> client.info("connected_slaves").equals("0"));
            assertThat(fullResync(replica(server), true).data).hasSize(31);
        }
    }

    @Test
    void drops_a_replica_that_acknowledges_nothing() throws Exception {
        try (var server = start("--repl-timeout", "1")) {
            fullResync(replica(server), false);
            server.awaitLog("Disconnecting timedout replica (streaming sync): 10.0.0.9:7");
        }
    }

    @Test
    void lets_the_backlog_go_when_nobody_has_followed_for_long() throws Exception {
        try (var server = start("--repl-backlog-ttl", "1")) {
            var replica = replica(server);
            var copy = fullResync(replica, false);
            replica.close();
            var client = server.client();
            server.await("freed", () -> client.info("repl_backlog_active").equals("0"));
            assertThat(client.info("master_replid")).isNotEqualTo(copy.id);
        }
    }

    /** The heart of it: snapshot and stream together are the data, whatever was written when. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void a_copy_made_while_clients_write_equals_the_original(long seed) throws Exception {
        var random = new SplittableRandom(seed);
        try (var server = start("--io-threads", seed % 2 == 0 ? "3" : "1")) {
            var client = server.client();
            var model = new HashMap<String, String>();
            for (int i = 0; i < 2000; i++) {
                step(client, model, random);
            }
            var replica = replica(server);
            var copies = new Copy[1];
            var failures = new Throwable[1];
            boolean isStreamed = random.nextBoolean();
            var reader = Thread.ofVirtual().start(() -> {
                try {
                    copies[0] = fullResync(replica, isStreamed);
                } catch (IOException | AssertionError failure) {
                    failures[0] = failure;
                }
            });
            do {
                step(client, model, random);
            } while (reader.isAlive());
            reader.join();
            assertThat(failures[0]).isNull();
            var copy = copies[0];
            replica.write(Wire.request("REPLCONF", "ACK", Long.toString(copy.offset)));
            for (int i = 0; i < 200; i++) {
                step(client, model, random);
            }
            client.send("SET", "the end", "");
            for (var command = replica.command(); !command.contains("the end"); command = replica.command()) {
                apply(command, copy.data);
            }
            assertThat(copy.data).isEqualTo(model);
        }
    }

    private static void write(Wire client, int megabytes) {
        String value = "x".repeat(100_000);
        for (int i = 0; i < 10 * megabytes; i++) {
            client.send("SET", "k" + i % 10, value);
        }
    }

    @Test
    void closes_a_replica_that_falls_behind_by_more_than_the_hard_limit() throws Exception {
        try (var server = start("--client-output-buffer-limit", "replica", "2000000", "0", "0")) {
            var client = server.client();
            var replica = replica(server);
            fullResync(replica, false);
            write(client, 20);
            server.await("closed", () -> client.info("connected_slaves").equals("0"));
            assertThat(server.log()).contains("overcoming of output buffer limits");
        }
    }

    @Test
    void closes_a_replica_that_is_behind_by_the_soft_limit_for_too_long() throws Exception {
        try (var server = start("--client-output-buffer-limit", "replica", "0", "1000000", "1")) {
            var client = server.client();
            var replica = replica(server);
            fullResync(replica, false);
            write(client, 12);
            assertThat(client.info("connected_slaves")).isEqualTo("1");
            server.await("closed", () -> client.info("connected_slaves").equals("0"));
        }
    }

    @Test
    void keeps_for_a_slow_replica_what_the_backlog_does_not_hold() throws Exception {
        try (var server =
                start("--repl-backlog-size", "20000", "--client-output-buffer-limit", "replica", "0", "0", "0")) {
            var client = server.client();
            var replica = replica(server);
            fullResync(replica, false);
            write(client, 20);
            long held = Long.parseLong(((String) client.send("INFO", "memory"))
                    .replaceAll("(?s).*mem_total_replication_buffers:(\\d+).*", "$1"));
            assertThat(held).isBetween(1_000_000L, 21_000_000L);
            client.send("SET", "the end", "");
            int count = 0;
            for (var command = replica.command(); !command.contains("the end"); command = replica.command()) {
                count += command.getFirst().equals("SET") ? 1 : 0;
            }
            assertThat(count).isEqualTo(200);
        }
    }

    @Test
    void shares_one_snapshot_among_replicas_that_wait_together() throws Exception {
        try (var server = start("--repl-diskless-sync-delay", "3600", "--repl-diskless-sync-max-replicas", "3")) {
            server.client().send("SET", "k", "v");
            var waiting = new java.util.ArrayList<Wire>();
            for (int i = 0; i < 3; i++) {
                var replica = replica(server);
                replica.send("REPLCONF", "capa", "eof", "capa", "psync2");
                replica.write(Wire.request("PSYNC", "?", "-1"));
                waiting.add(replica);
            }
            for (var replica : waiting) {
                assertThat(firstLine(replica)).startsWith("+FULLRESYNC ");
                String header = firstLine(replica);
                assertThat(content(replica.readTo(Wire.bytes(header.substring(5)))))
                        .containsEntry("k", "v");
            }
            assertThat(server.log().split("Starting snapshot for SYNC", -1)).hasSize(2);
        }
    }

    private static void step(Wire client, Map<String, String> model, SplittableRandom random) {
        String key = "key" + random.nextInt(500);
        switch (random.nextInt(4)) {
            case 0 -> {
                client.send("DEL", key);
                model.remove(key);
            }
            case 1 -> {
                client.send("APPEND", key, "+");
                model.merge(key, "+", String::concat);
            }
            default -> {
                String value = Integer.toString(random.nextInt(10)).repeat(1 + random.nextInt(60));
                client.send("SET", key, value);
                model.put(key, value);
            }
        }
    }

    private static void apply(List<String> command, Map<String, String> data) {
        switch (command.getFirst()) {
            case "SET" -> data.put(command.get(1), command.get(2));
            case "DEL" -> data.remove(command.get(1));
            case "APPEND" -> data.merge(command.get(1), command.get(2), String::concat);
            case "SELECT", "ping" -> {}
            default -> throw new AssertionError("unexpected in the stream: " + command);
        }
    }
}

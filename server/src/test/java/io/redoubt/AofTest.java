package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A server with an append-only file. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class AofTest {
    @RegisterExtension
    final RedoubtServer server;

    AofTest(int ioThreads) {
        server = RedoubtServer.with("appendonly yes", "auto-aof-rewrite-percentage 0")
                .ioThreads(ioThreads);
    }

    private Path folder() {
        return server.directory().resolve("appendonlydir");
    }

    private String increment(int number) throws IOException {
        return Files.readString(
                folder().resolve("appendonly.aof." + number + ".incr.aof"), StandardCharsets.ISO_8859_1);
    }

    private String manifest() throws IOException {
        return Files.readString(folder().resolve("appendonly.aof.manifest"));
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            LockSupport.parkNanos(2_000_000);
        }
    }

    private static void awaitRewrite(RespClient client) {
        await(() -> String.valueOf(client.send("INFO", "persistence")).contains("aof_rewrite_in_progress:0\r\n"));
    }

    /** Commands as they stand in the file. */
    private static String commands(String... lines) {
        var out = new ByteArrayOutputStream();
        for (String line : lines) {
            out.writeBytes(RespClient.request(line.split(" ")));
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private static void fill(RespClient client) {
        client.send("SET", "text", "1");
        client.send("SET", "soon", "x", "EX", "1000");
        client.send("RPUSH", "list", "a", "b", "c", "1");
        client.send("SADD", "set", "a", "b", "c");
        client.send("SADD", "integers", "1", "2", "3");
        client.send("HSET", "hash", "f", "v", "g", "w");
        client.send("ZADD", "zset", "1.5", "a", "inf", "b", "-3", "c");
        client.send("XADD", "stream", "1-1", "f", "v");
        client.send("XADD", "stream", "2-1", "f", "v");
        client.send("XDEL", "stream", "2-1");
        client.send("SETRANGE", "large", "40000", "x");
        client.send("SELECT", "3");
        for (int i = 0; i < 300; i++) {
            client.send("RPUSH", "longlist", "element" + i);
            client.send("ZADD", "longset", "" + i, "member" + i);
            client.send("HSET", "longhash", "field" + i, "value" + i);
        }
        client.send("EXPIRE", "longlist", "5000");
        client.send("SELECT", "0");
    }

    @Test
    void what_was_written_is_there_after_a_restart() throws Exception {
        fill(server.client());
        Object digest = server.client().send("DEBUG", "DIGEST");
        server.restart();
        assertThat(server.client().send("DEBUG", "DIGEST")).isEqualTo(digest);
        assertThat(server.client().send("SET", "more", "1")).isEqualTo("OK");
        server.restart();
        assertThat(server.client().send("GET", "more")).isEqualTo("1");
    }

    @Test
    void the_file_holds_effects_with_their_database_and_nothing_that_only_replicas_need() throws Exception {
        var client = server.client();
        client.send("SET", "a", "1");
        client.send("PUBLISH", "channel", "message");
        client.send("GET", "a");
        client.send("SELECT", "2");
        client.send("MULTI");
        client.send("PUBLISH", "channel", "message");
        client.send("INCR", "b");
        client.send("SELECT", "1");
        client.send("INCR", "c");
        client.send("EXEC");
        client.send("PUBLISH", "channel", "message");
        assertThat(increment(1))
                .isEqualTo(
                        commands("SELECT 0", "SET a 1", "SELECT 2", "MULTI", "INCR b", "SELECT 1", "INCR c", "EXEC"));
    }

    @Test
    void a_rewrite_leaves_one_base_and_one_empty_increment() throws Exception {
        for (String isRdb : new String[] {"yes", "no"}) {
            var client = server.client();
            client.send("CONFIG", "SET", "aof-use-rdb-preamble", isRdb);
            fill(client);
            Object digest = client.send("DEBUG", "DIGEST");
            assertThat(client.send("BGREWRITEAOF")).isEqualTo("Background append only file rewriting started");
            awaitRewrite(client);
            boolean isFirst = isRdb.equals("yes");
            assertThat(manifest()).contains(isFirst ? "appendonly.aof.2.base.rdb" : "appendonly.aof.3.base.aof");
            assertThat(increment(isFirst ? 2 : 3)).isEmpty();
            client.send("SET", "behind", "it");
            client.send("DEL", "behind");
            await(() -> server.logged().contains("Removing the history file appendonly.aof.1.base.rdb"));
            assertThat(client.send("DEBUG", "LOADAOF")).isEqualTo("OK");
            assertThat(client.send("DEBUG", "DIGEST")).isEqualTo(digest);
            server.restart();
            assertThat(server.client().send("DEBUG", "DIGEST")).isEqualTo(digest);
        }
    }

    @Test
    void it_can_be_turned_off_and_on() throws Exception {
        var client = server.client();
        client.send("SET", "a", "1");
        assertThat(client.send("CONFIG", "SET", "appendonly", "no")).isEqualTo("OK");
        client.send("SET", "a", "2");
        assertThat(increment(1)).isEqualTo(commands("SELECT 0", "SET a 1"));
        assertThat(client.send("CONFIG", "SET", "appendonly", "yes")).isEqualTo("OK");
        awaitRewrite(client);
        client.send("SET", "b", "3");
        server.restart();
        assertThat(server.client().send("MGET", "a", "b")).isEqualTo(Arrays.asList("2", "3"));
    }

    @Test
    void with_always_replies_wait_for_the_disk_while_others_are_served() throws Exception {
        var client = server.client();
        client.send("CONFIG", "SET", "appendfsync", "always");
        var many = new RespClient[10];
        for (int i = 0; i < many.length; i++) {
            many[i] = server.client();
            for (int j = 0; j < 50; j++) {
                many[i].sendRaw(
                        ("SET key" + i + " " + j + "\r\nGET key" + i + "\r\n").getBytes(StandardCharsets.US_ASCII));
            }
        }
        for (var each : many) {
            for (int j = 0; j < 50; j++) {
                assertThat(each.read()).isEqualTo("OK");
                assertThat(each.read()).isEqualTo("" + j);
            }
        }
        assertThat(client.send("DBSIZE")).isEqualTo(10L);
        assertThat(increment(1)).contains("key9");
        server.restart();
        assertThat(server.client().send("DBSIZE")).isEqualTo(10L);
    }

    @Test
    void a_large_reply_in_pieces_comes_whole_with_always() {
        var client = server.client();
        client.send("CONFIG", "SET", "appendfsync", "always");
        client.send("SETRANGE", "large", "3000000", "x");
        for (int i = 0; i < 5; i++) {
            client.sendRaw("INCR number\r\nGET large\r\nAPPEND large y\r\n".getBytes(StandardCharsets.US_ASCII));
        }
        for (int i = 0; i < 5; i++) {
            assertThat(client.read()).isEqualTo((long) i + 1);
            assertThat(String.valueOf(client.read())).hasSize(3_000_001 + i);
            assertThat(client.read()).isEqualTo(3_000_002L + i);
        }
    }

    @Test
    void a_file_of_an_old_redis_is_taken_over() throws Exception {
        server.client().send("CONFIG", "SET", "appendonly", "no");
        try (var files = Files.list(folder())) {
            for (var file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.writeString(server.directory().resolve("appendonly.aof"), commands("SELECT 1", "SET a 1", "SET b 2"));
        server.restart();
        var client = server.client();
        client.send("SELECT", "1");
        assertThat(client.send("MGET", "a", "b")).isEqualTo(Arrays.asList("1", "2"));
        assertThat(manifest())
                .isEqualTo("file appendonly.aof seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n");
    }

    @Test
    void what_cannot_be_read_keeps_the_server_from_starting() throws Exception {
        server.client().send("SET", "a", "1");
        Path file = folder().resolve("appendonly.aof.1.incr.aof");
        String good = increment(1);
        Files.writeString(file, good + "!!!" + good);
        assertThatThrownBy(server::restart).hasMessageContaining("Bad file format reading the append only file");
        Files.writeString(file, good + commands("nonsense a b"));
        assertThatThrownBy(server::restart).hasMessageContaining("Unknown command 'nonsense' reading the append only");
        Files.writeString(file, good + commands("SELECT 99"));
        assertThatThrownBy(server::restart).hasMessageContaining("uses a database that this server has not got");
        Files.delete(file);
        assertThatThrownBy(server::restart)
                .hasMessage("Unable to obtain the AOF file appendonly.aof.1.incr.aof length. stat: No such file or"
                        + " directory");
        Files.writeString(file, good);
        server.restart();
        assertThat(server.client().send("GET", "a")).isEqualTo("1");
    }

    @Test
    void a_file_that_is_cut_off_anywhere_holds_what_was_complete() throws Exception {
        var client = server.client();
        Path file = folder().resolve("appendonly.aof.1.incr.aof");
        String[][] units = {
            {"SELECT 0", "SET a 1"},
            {"#TS:1628217470\r\n"},
            {"MULTI", "SET b 1", "RPUSH c 1 2", "EXEC"},
            {"INCR a"},
            {"SELECT 3", "SADD s x"}
        };
        var whole = new StringBuilder();
        var ends = new java.util.TreeMap<Integer, Object>();
        ends.put(0, client.send("DEBUG", "DIGEST"));
        for (var unit : units) {
            for (String line : unit) {
                whole.append(line.startsWith("#") ? line : commands(line));
                if (!unit[0].equals("MULTI") || line.equals("EXEC")) {
                    Files.writeString(file, whole);
                    assertThat(client.send("DEBUG", "LOADAOF")).isEqualTo("OK");
                    ends.put(whole.length(), client.send("DEBUG", "DIGEST"));
                }
            }
        }
        for (int cut = 0; cut <= whole.length(); cut++) {
            Files.writeString(file, whole.substring(0, cut));
            assertThat(client.send("DEBUG", "LOADAOF")).as("cut at %s", cut).isEqualTo("OK");
            assertThat(client.send("DEBUG", "DIGEST"))
                    .as("cut at %s", cut)
                    .isEqualTo(ends.floorEntry(cut).getValue());
            // What is appended from here on does not end up behind half a command.
            Files.writeString(file, Files.readString(file) + commands("SET behind 1", "DEL behind"));
            assertThat(client.send("DEBUG", "LOADAOF")).as("cut at %s", cut).isEqualTo("OK");
            assertThat(client.send("DEBUG", "DIGEST"))
                    .as("cut at %s", cut)
                    .isEqualTo(ends.floorEntry(cut).getValue());
        }
        client.send("CONFIG", "SET", "aof-load-truncated", "no");
        for (int cut = 0; cut <= whole.length(); cut += 7) {
            Files.writeString(file, whole.substring(0, cut));
            boolean isWhole = ends.containsKey(cut) || cut > 0 && whole.lastIndexOf("#", cut - 1) == ends.floorKey(cut);
            assertThat(String.valueOf(client.send("DEBUG", "LOADAOF")))
                    .as("cut at %s", cut)
                    .startsWith(isWhole ? "OK" : "-ERR Error trying to load the AOF files");
        }
    }

    /** Files as a server leaves them that is killed while it writes, a rewrite having begun. */
    private void haveFiles(String name, String... increments) throws IOException {
        var files = Files.createDirectories(server.directory().resolve(name));
        var lines = new StringBuilder("file appendonly.aof.1.base.aof seq 1 type b\n");
        Files.writeString(files.resolve("appendonly.aof.1.base.aof"), commands("SELECT 0", "SET a 1"));
        for (int i = 1; i <= increments.length; i++) {
            String increment = "appendonly.aof." + i + ".incr.aof";
            Files.writeString(files.resolve(increment), increments[i - 1]);
            lines.append("file ").append(increment).append(" seq ").append(i).append(" type i\n");
        }
        Files.writeString(files.resolve("appendonly.aof.manifest"), lines);
        server.addLines("appenddirname " + name);
    }

    @Test
    void half_a_command_before_increments_that_are_still_empty_is_cut_off() throws Exception {
        haveFiles("killed", commands("SELECT 0", "INCR a", "MULTI", "INCR a"), "", "");
        server.restart();
        assertThat(server.client().send("GET", "a")).isEqualTo("2");
        assertThat(server.client().send("INCR", "a")).isEqualTo(3L);
        server.restart();
        assertThat(server.client().send("GET", "a")).isEqualTo("3");
    }

    @Test
    void half_a_command_before_others_is_not() throws Exception {
        haveFiles("damaged", commands("SELECT 0", "INCR a", "MULTI", "INCR a"), commands("SELECT 0", "INCR a"), "");
        assertThatThrownBy(server::restart).hasMessageContaining("the truncated file is not the last file");
    }

    @Test
    void replies_that_come_later_are_left_out_where_the_client_wants_none() {
        var client = server.client();
        client.sendRaw(RespClient.request("CLIENT", "REPLY", "OFF"));
        client.sendRaw(RespClient.request("SAVE"));
        client.sendRaw(RespClient.request("BGREWRITEAOF"));
        assertThat(client.send("CLIENT", "REPLY", "ON")).isEqualTo("OK");
        client.sendRaw(RespClient.request("CLIENT", "REPLY", "SKIP"));
        client.sendRaw(RespClient.request("SAVE"));
        assertThat(client.send("PING")).isEqualTo("PONG");
        awaitRewrite(client);
    }

    @Test
    void a_rewrite_whose_files_cannot_be_opened_is_refused() throws IOException {
        var client = server.client();
        Path aside = server.directory().resolve("aside");
        Files.move(folder(), aside);
        Files.createFile(folder());
        assertThat(String.valueOf(client.send("BGREWRITEAOF")))
                .contains("ERR Can't execute an AOF background rewriting. Please check the server logs for more"
                        + " information.");
        assertThat(String.valueOf(client.send("INFO", "persistence")))
                .contains("aof_last_bgrewrite_status:err")
                .contains("aof_rewrites:0");
        Files.delete(folder());
        Files.move(aside, folder());
        assertThat(client.send("BGREWRITEAOF")).isEqualTo("Background append only file rewriting started");
        awaitRewrite(client);
        assertThat(String.valueOf(client.send("INFO", "persistence"))).contains("aof_last_bgrewrite_status:ok");
    }
}

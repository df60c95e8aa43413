package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.util.HexFormat;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a server finds again. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class RestartTest {
    @RegisterExtension
    final RedoubtServer server;

    RestartTest(int ioThreads) {
        server = RedoubtServer.with().ioThreads(ioThreads);
    }

    private static void fill(RespClient client, int keys) {
        var out = new ByteArrayOutputStream();
        for (int i = 0; i < keys; i++) {
            out.writeBytes(RespClient.request("SET", "key" + i, i % 2 == 0 ? "" + i : "value".repeat(i % 300)));
        }
        Thread.ofVirtual().start(() -> client.sendRaw(out.toByteArray()));
        for (int i = 0; i < keys; i++) {
            assertThat(client.read()).isEqualTo("OK");
        }
    }

    @Test
    void shutdown_with_save_keeps_every_key() throws Exception {
        var client = server.client();
        fill(client, 5_000);
        client.send("SET", "soon", "gone", "EX", "10000");
        client.send("SELECT", "9");
        client.send("SET", "key", "in another database");
        Object digest = client.send("DEBUG", "DIGEST");
        client.sendRaw("SHUTDOWN SAVE\r\n");
        server.redoubt().awaitShutdown();
        assertThat(client.readToEnd()).isEmpty();
        server.restart();
        var again = server.client();
        assertThat(again.send("DEBUG", "DIGEST")).isEqualTo(digest);
        assertThat(again.send("DBSIZE")).isEqualTo(5_001L);
        assertThat((Long) again.send("TTL", "soon")).isBetween(9_000L, 10_000L);
    }

    @Test
    void shutdown_without_save_keeps_nothing() throws Exception {
        var client = server.client();
        client.send("SET", "key", "value");
        client.sendRaw("SHUTDOWN NOSAVE\r\n");
        server.redoubt().awaitShutdown();
        assertThat(client.readToEnd()).isEmpty();
        server.restart();
        assertThat(server.client().send("DBSIZE")).isEqualTo(0L);
    }

    @Test
    void a_shutdown_that_cannot_save_is_answered_and_the_server_goes_on() throws Exception {
        var client = server.client();
        client.send("SET", "key", "value");
        // A folder in the file's place: the snapshot cannot be renamed to it.
        Files.createDirectories(server.directory().resolve("dump.rdb").resolve("full"));
        assertThat(client.send("SHUTDOWN", "SAVE")).asString().startsWith("-ERR Errors trying to SHUTDOWN");
        assertThat(server.logged()).contains("Errors trying to shut down the server. Check the logs");
        assertThat(client.send("GET", "key")).isEqualTo("value");
        // Only a failed save in the background keeps from writing, and only a server that saves by itself.
        assertThat(server.client().send("SET", "key", "other")).isEqualTo("OK");
        assertThat(client.send("CONFIG", "SET", "save", "3600 1")).isEqualTo("OK");
        assertThat(client.send("SAVE")).asString().startsWith("-ERR");
        assertThat(client.send("SET", "key", "other")).isEqualTo("OK");
    }

    @Test
    void a_failed_save_in_the_background_keeps_a_server_with_save_points_from_writing() throws Exception {
        var client = server.client();
        client.send("CONFIG", "SET", "save", "3600 1");
        client.send("SET", "key", "value");
        Files.createDirectories(server.directory().resolve("dump.rdb").resolve("full"));
        client.send("BGSAVE");
        while (client.send("INFO", "persistence").toString().contains("rdb_bgsave_in_progress:1")) {
            Thread.onSpinWait();
        }
        assertThat(client.send("INFO", "persistence")).asString().contains("rdb_last_bgsave_status:err");
        assertThat(client.send("SET", "key", "other")).asString().startsWith("-MISCONF ");
        assertThat(client.send("PING")).asString().startsWith("-MISCONF ");
        assertThat(client.send("GET", "key")).isEqualTo("value");
        client.send("CONFIG", "SET", "save", "");
        assertThat(client.send("PING")).isEqualTo("PONG");
        assertThat(client.send("SET", "key", "other")).isEqualTo("OK");
        client.send("CONFIG", "SET", "save", "3600 1");
        assertThat(client.send("PING")).asString().startsWith("-MISCONF ");
        client.send("CONFIG", "SET", "stop-writes-on-bgsave-error", "no");
        assertThat(client.send("PING")).isEqualTo("PONG");
    }

    @Test
    void while_one_client_saves_others_read_and_write() throws Exception {
        var saver = server.client();
        var other = server.client();
        fill(saver, 5_000);
        saver.sendRaw("SAVE\r\nGET key0\r\n");
        for (int i = 0; i < 200; i++) {
            assertThat(other.send("SET", "key" + i, "changed")).isEqualTo("OK");
            assertThat(other.send("GET", "key" + i)).isEqualTo("changed");
        }
        assertThat(saver.read()).isEqualTo("OK");
        assertThat(saver.read()).isEqualTo("changed");
        server.restart();
        // The snapshot is of one moment, which lies before, between or after those changes.
        assertThat(server.client().send("DBSIZE")).isEqualTo(5_000L);
    }

    @Test
    void empty_keys_of_a_file_are_skipped() throws Exception {
        // Sets, lists, hashes and sorted sets without elements, as Redis has once written them, and a string.
        String keys = "02" + "0173" + "00" + "01" + "016c" + "00" + "04" + "0168" + "00" + "05" + "017a" + "00" + "00"
                + "0161" + "0162";
        byte[] file = HexFormat.of().parseHex("524544495330303130" + keys + "ff" + "0000000000000000");
        Files.write(server.directory().resolve("dump.rdb"), file);
        server.restart();
        assertThat(server.client().send("DBSIZE")).isEqualTo(1L);
        assertThat(server.client().send("GET", "a")).isEqualTo("b");
    }

    @Test
    void deleting_all_keys_ends_a_save_in_the_background() throws Exception {
        var client = server.client();
        client.send("CONFIG", "SET", "save", "3600 1", "rdb-key-save-delay", "1000000");
        fill(client, 100);
        assertThat(client.send("BGSAVE")).isEqualTo("Background saving started");
        assertThat(client.send("FLUSHALL")).isEqualTo("OK");
        while (client.send("INFO", "persistence").toString().contains("rdb_bgsave_in_progress:1")) {
            Thread.onSpinWait();
        }
        assertThat(server.directory().resolve("dump.rdb")).doesNotExist();
        // It is no failure.
        assertThat(client.send("INFO", "persistence")).asString().contains("rdb_last_bgsave_status:ok");
        assertThat(client.send("SET", "key", "value")).isEqualTo("OK");
    }

    @Test
    void users_that_were_saved_to_their_file_are_the_same() throws Exception {
        Files.writeString(server.directory().resolve("users.acl"), "user default on nopass ~* &* +@all\n");
        server.addLines("aclfile users.acl");
        server.restart();
        var admin = server.client();
        admin.send("ACL", "SETUSER", "anna", "on", ">secret", "~a:*", "%R~b:*", "&news", "+@read", "-get|x", "+set");
        admin.send("ACL", "SETUSER", "anna", "(~c:* +@all)", "on", ">secret");
        admin.send("ACL", "SETUSER", "bert", "off", "nopass", "+@all", "-@dangerous", "+config|get");
        assertThat(admin.send("ACL", "SAVE")).isEqualTo("OK");
        Object before = admin.send("ACL", "LIST");
        server.restart();
        assertThat(server.client().send("ACL", "LIST")).isEqualTo(before);
        assertThat(server.clientAs("anna", "secret").send("SET", "c:1", "x")).isEqualTo("OK");
    }
}

package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** MULTI, EXEC, DISCARD, WATCH and UNWATCH from outside, with everything around them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class TransactionTest {
    private static final RespError ABORTED =
            RespError.error("EXECABORT Transaction discarded because of previous errors.");

    @RegisterExtension
    final RedoubtServer server;

    TransactionTest(int ioThreads) {
        server = RedoubtServer.with("security-profile strict").ioThreads(ioThreads);
    }

    private static void queue(RespClient client, String... words) {
        assertThat(client.send(words)).as(Arrays.toString(words)).isEqualTo("QUEUED");
    }

    private static void multi(RespClient client) {
        assertThat(client.send("MULTI")).isEqualTo("OK");
    }

    @Test
    void runs_what_was_queued_and_answers_all_replies() {
        var client = server.client();
        multi(client);
        queue(client, "SET", "a", "1");
        queue(client, "INCR", "a");
        queue(client, "GET", "a");
        queue(client, "INCR", "b");
        assertThat(server.client().send("GET", "a")).isNull();
        assertThat(client.send("EXEC")).isEqualTo(List.of("OK", 2L, "2", 1L));
        assertThat(client.send("GET", "a")).isEqualTo("2");
        assertThat(client.send("EXEC")).isEqualTo(RespError.error("ERR EXEC without MULTI"));
    }

    @Test
    void discard_forgets_what_was_queued_and_watched() {
        var client = server.client();
        client.send("WATCH", "a");
        multi(client);
        queue(client, "SET", "a", "1");
        assertThat(client.send("DISCARD")).isEqualTo("OK");
        server.client().send("SET", "a", "other");
        multi(client);
        queue(client, "GET", "a");
        assertThat(client.send("EXEC")).isEqualTo(List.of("other"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"NOSUCH a", "GET", "GET a b", "CONFIG NOSUCH", "SAVE", "SHUTDOWN", "PSYNC ? -1"})
    void what_cannot_be_queued_makes_exec_run_nothing(String request) {
        var client = server.client();
        multi(client);
        queue(client, "SET", "a", "1");
        assertThat(client.send(request.split(" "))).isInstanceOf(RespError.class);
        queue(client, "SET", "a", "2");
        assertThat(client.send("EXEC")).isEqualTo(ABORTED);
        assertThat(client.send("GET", "a")).isNull();
    }

    @Test
    void multi_and_watch_inside_are_errors_that_harm_nothing() {
        var client = server.client();
        multi(client);
        assertThat(client.send("MULTI")).isEqualTo(RespError.error("ERR MULTI calls can not be nested"));
        assertThat(client.send("WATCH", "a")).isEqualTo(RespError.error("ERR WATCH inside MULTI is not allowed"));
        queue(client, "PING");
        assertThat(client.send("EXEC")).isEqualTo(List.of("PONG"));
    }

    /** What another client does to the key {@code a}, while {@code a} holds 1 and {@code e} does not exist. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "SET a 1",
                "APPEND a x",
                "INCR a",
                "SETRANGE a 0 x",
                "DEL a",
                "UNLINK a",
                "GETDEL a",
                "GETEX a EX 100",
                "EXPIRE a 100",
                "EXPIRE a -1",
                "RENAME a b",
                "RENAME b a",
                "COPY b a REPLACE",
                "MOVE a 1",
                "FLUSHDB",
                "FLUSHALL",
                "SWAPDB 0 1",
                "MSET x 1 a 2",
                "SET e 1",
                "COPY b e",
                "DEBUG RELOAD"
            })
    void a_change_of_a_watched_key_makes_exec_do_nothing(String change) {
        var client = server.client();
        client.send("MSET", "a", "1", "b", "2");
        client.send("WATCH", "other", "a", "e");
        server.client().send(change.split(" "));
        multi(client);
        queue(client, "SET", "other", "1");
        assertThat(client.send("EXEC")).isNull();
        assertThat(client.send("EXISTS", "other")).isEqualTo(0L);
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).as("once").isEqualTo(List.of("PONG"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET a",
                "SET b 3",
                "DEL e",
                "PERSIST a",
                "GETEX a",
                "EXPIRE e 100",
                "SETNX a 5",
                "COPY b a",
                "RENAMENX b a",
                "TOUCH a",
                "OBJECT ENCODING a",
                "SWAPDB 2 3",
                "SCAN 0",
                "KEYS *",
                "MSETNX a 1 z 2"
            })
    void what_changes_no_watched_key_harms_nothing(String request) {
        var client = server.client();
        client.send("MSET", "a", "1", "b", "2");
        client.send("WATCH", "a", "e");
        server.client().send(request.split(" "));
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).isEqualTo(List.of("PONG"));
    }

    @Test
    void a_watched_key_that_expires_makes_exec_do_nothing() {
        var client = server.client();
        client.send("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        client.send("SET", "a", "1", "PX", "400");
        client.send("WATCH", "a");
        awaitExpiry("a");
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).isNull();
    }

    @Test
    void a_key_that_had_expired_when_it_was_watched_may_be_deleted() {
        var client = server.client();
        client.send("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        client.send("SET", "a", "1", "PX", "1");
        client.send("SET", "b", "1", "PX", "10");
        awaitExpiry("b");
        client.send("WATCH", "a");
        assertThat(server.client().send("GET", "a")).isNull();
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).isEqualTo(List.of("PONG"));
    }

    /** Waits until a key has expired, without a look-up of it. */
    private void awaitExpiry(String key) {
        var client = server.client();
        Object when = client.send("PEXPIRETIME", key);
        while (when instanceof Long millis && millis > 0 && System.currentTimeMillis() <= millis) {
            Thread.onSpinWait();
        }
    }

    @Test
    void unwatch_and_reset_forget_watched_keys() {
        for (String forget : List.of("UNWATCH", "RESET")) {
            var client = server.client();
            client.send("WATCH", "a");
            server.client().send("INCR", "a");
            client.send(forget);
            multi(client);
            queue(client, "PING");
            assertThat(client.send("EXEC")).as(forget).isEqualTo(List.of("PONG"));
        }
    }

    @Test
    void a_change_by_the_same_client_before_multi_counts_too() {
        var client = server.client();
        client.send("WATCH", "a");
        client.send("SET", "a", "1");
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).isNull();
    }

    @Test
    void reset_leaves_a_transaction() {
        var client = server.client();
        multi(client);
        queue(client, "SET", "a", "1");
        assertThat(client.send("RESET")).isEqualTo("RESET");
        assertThat(client.send("EXEC")).isEqualTo(RespError.error("ERR EXEC without MULTI"));
        assertThat(client.send("EXISTS", "a")).isEqualTo(0L);
    }

    @Test
    void a_client_that_is_gone_leaves_nothing_behind() {
        var client = server.client();
        client.send("WATCH", "a");
        multi(client);
        queue(client, "SET", "a", "1");
        client.close();
        assertThat(server.client().send("INCR", "a")).isEqualTo(1L);
    }

    @Test
    void selects_a_database_for_the_commands_behind() {
        var client = server.client();
        multi(client);
        queue(client, "SET", "a", "0");
        queue(client, "SELECT", "1");
        queue(client, "SET", "a", "1");
        queue(client, "SWAPDB", "0", "1");
        queue(client, "GET", "a");
        assertThat(client.send("EXEC")).isEqualTo(List.of("OK", "OK", "OK", "OK", "0"));
    }

    @Test
    void runs_what_needs_the_whole_keyspace() {
        var client = server.client();
        client.send("MSET", "a", "1", "b", "2");
        multi(client);
        queue(client, "DBSIZE");
        queue(client, "SCAN", "0", "COUNT", "100");
        queue(client, "FLUSHALL");
        queue(client, "SET", "c", "1");
        queue(client, "RANDOMKEY");
        queue(client, "CONFIG", "SET", "maxclients", "500");
        queue(client, "KEYS", "*");
        var replies = (List<?>) client.send("EXEC");
        assertThat(replies).hasSize(7);
        assertThat(replies.getFirst()).isEqualTo(2L);
        assertThat(replies.get(4)).isEqualTo("c");
        assertThat(replies.getLast()).isEqualTo(List.of("c"));
    }

    @Test
    void speaks_resp3_from_hello_on() {
        var client = server.client();
        client.send("HELLO", "3");
        client.send("WATCH", "a");
        server.client().send("SET", "a", "1");
        multi(client);
        queue(client, "PING");
        client.sendRaw("EXEC\r\n");
        assertThat(client.read()).isNull();
        multi(client);
        queue(client, "GET", "none");
        client.sendRaw("EXEC\r\nQUIT\r\n");
        assertThat(client.readToEnd()).isEqualTo("*1\r\n_\r\n+OK\r\n");
    }

    @Test
    void a_right_that_was_lost_since_is_missed_at_exec() {
        var admin = server.client();
        admin.send("ACL", "SETUSER", "anna", "on", ">pw", "~*", "+@all");
        var anna = server.clientAs("anna", "pw");
        multi(anna);
        queue(anna, "SET", "a", "1");
        queue(anna, "SET", "b", "1");
        admin.send("ACL", "SETUSER", "anna", "resetkeys", "~b");
        var replies = (List<?>) anna.send("EXEC");
        assertThat(replies).hasSize(2);
        assertThat(replies.getFirst())
                .isEqualTo(RespError.error("NOPERM ACLs rules changed between the moment the transaction was"
                        + " accumulated and the EXEC call. This command is no longer allowed for the following reason:"
                        + " no permission to touch the specified keys"));
        assertThat(replies.getLast()).isEqualTo("OK");
        assertThat(admin.send("ACL", "LOG", "1").toString()).contains("multi");
    }

    @Test
    void a_denied_request_is_not_queued() {
        server.client().send("ACL", "SETUSER", "anna", "on", ">pw", "~a", "+@all");
        var anna = server.clientAs("anna", "pw");
        multi(anna);
        assertThat(anna.send("GET", "b")).asString().startsWith("-NOPERM");
        assertThat(anna.send("EXEC")).isEqualTo(ABORTED);
        assertThat(server.client().send("ACL", "LOG", "1").toString()).contains("multi");
    }

    @Test
    void exec_is_refused_where_a_queued_write_is() {
        var client = server.client();
        multi(client);
        queue(client, "SET", "a", "1");
        server.client().send("REPLICAOF", "127.0.0.1", "1");
        assertThat(client.send("EXEC"))
                .isEqualTo(RespError.error("EXECABORT Transaction discarded because of: READONLY You can't write"
                        + " against a read only replica."));
        multi(client);
        queue(client, "PING");
        assertThat(client.send("EXEC")).isEqualTo(List.of("PONG"));
        multi(client);
        assertThat(client.send("SET", "a", "1")).asString().startsWith("-READONLY");
        assertThat(client.send("EXEC")).isEqualTo(ABORTED);
        server.client().send("REPLICAOF", "NO", "ONE");
    }

    @Test
    void exec_waits_for_the_end_of_a_pause_if_it_would_write() {
        var admin = server.client();
        var writer = server.client();
        multi(writer);
        queue(writer, "SET", "a", "1");
        var reader = server.client();
        multi(reader);
        queue(reader, "GET", "a");
        assertThat(admin.send("CLIENT", "PAUSE", "1000000", "WRITE")).isEqualTo("OK");
        writer.sendRaw("EXEC\r\n");
        assertThat(reader.send("EXEC")).isEqualTo(Arrays.asList((Object) null));
        // The request that is held back stays in its buffer.
        while (!((String) admin.send("CLIENT", "LIST")).contains(" qbuf=6 ")) {
            Thread.onSpinWait();
        }
        assertThat(admin.send("GET", "a")).isNull();
        assertThat(admin.send("CLIENT", "UNPAUSE")).isEqualTo("OK");
        assertThat(writer.read()).isEqualTo(List.of("OK"));
    }

    @Test
    void a_full_resync_makes_exec_do_nothing_for_keys_that_it_replaced() throws Exception {
        try (var master = RedoubtServer.with("security-profile strict").start()) {
            master.client().send("SET", "new", "1");
            var client = server.client();
            client.send("SET", "old", "1");
            var watchers = new ArrayList<RespClient>();
            for (String key : List.of("old", "new", "neither")) {
                var watcher = server.client();
                watcher.send("WATCH", key);
                multi(watcher);
                queue(watcher, "PING");
                watchers.add(watcher);
            }
            client.send("REPLICAOF", "127.0.0.1", Integer.toString(master.port()));
            while (!((String) client.send("INFO", "replication")).contains("master_link_status:up")) {
                Thread.onSpinWait();
            }
            assertThat(watchers.get(0).send("EXEC")).isNull();
            assertThat(watchers.get(1).send("EXEC")).isNull();
            assertThat(watchers.get(2).send("EXEC")).isEqualTo(List.of("PONG"));
            client.send("REPLICAOF", "NO", "ONE");
        }
    }

    @Test
    void shows_in_client_list() {
        var client = server.client();
        client.send("WATCH", "a", "b");
        multi(client);
        queue(client, "SET", "a", "x".repeat(1000));
        queue(client, "PING");
        Object id = ((String) server.client().send("CLIENT", "LIST"))
                .lines()
                .findFirst()
                .orElseThrow();
        assertThat(id.toString())
                .contains(" flags=x ", " multi=2 ", " watch=2 ")
                .doesNotContain(" multi-mem=0 ");
        server.client().send("SET", "b", "1");
        assertThat(((String) server.client().send("CLIENT", "LIST"))
                        .lines()
                        .findFirst()
                        .orElseThrow())
                .contains(" flags=xd ");
    }

    @Test
    void counts_each_command_and_itself() {
        var client = server.client();
        client.send("CONFIG", "RESETSTAT");
        multi(client);
        queue(client, "INCR", "a");
        queue(client, "INCR", "a");
        client.send("EXEC");
        assertThat((String) client.send("INFO", "commandstats"))
                .contains("cmdstat_incr:calls=2,", "cmdstat_exec:calls=1,", "cmdstat_multi:calls=1,");
    }

    @Test
    void transfers_between_accounts_are_seen_whole_by_all() throws Exception {
        int accounts = 6;
        var setup = server.client();
        for (int i = 0; i < accounts; i++) {
            setup.send("SET", "account" + i, "100");
        }
        var tasks = new ArrayList<Callable<Integer>>();
        for (int c = 0; c < 4; c++) {
            int index = c;
            var client = server.client();
            tasks.add(() -> index < 2 ? transfer(client, index, accounts) : countWrongSums(client, accounts));
        }
        try (var threads = Executors.newCachedThreadPool()) {
            for (var done : threads.invokeAll(tasks)) {
                assertThat(done.get()).isZero();
            }
        }
    }

    private static int transfer(RespClient client, int index, int accounts) {
        for (int i = 0; i < 300; i++) {
            client.send("MULTI");
            client.send("DECR", "account" + (i + index) % accounts);
            client.send("INCR", "account" + (i * 7 + 1) % accounts);
            client.send("EXEC");
        }
        return 0;
    }

    private static int countWrongSums(RespClient client, int accounts) {
        int wrong = 0;
        for (int i = 0; i < 300; i++) {
            client.send("MULTI");
            for (int account = 0; account < accounts; account++) {
                client.send("GET", "account" + account);
            }
            var values = (List<?>) client.send("EXEC");
            long sum = 0;
            for (Object value : values == null ? List.of() : values) {
                sum += Long.parseLong((String) value);
            }
            wrong += sum == 100L * accounts ? 0 : 1;
        }
        return wrong;
    }

    @Test
    void optimistic_increments_lose_no_update() throws Exception {
        int each = 150;
        var tasks = new ArrayList<Callable<Integer>>();
        for (int c = 0; c < 4; c++) {
            var client = server.client();
            tasks.add(() -> {
                for (int done = 0; done < each; ) {
                    client.send("WATCH", "n", "other");
                    Object value = client.send("GET", "n");
                    client.send("MULTI");
                    client.send("SET", "n", Long.toString(number(value) + 1));
                    done += client.send("EXEC") == null ? 0 : 1;
                }
                return 0;
            });
        }
        try (var threads = Executors.newCachedThreadPool()) {
            for (var done : threads.invokeAll(tasks)) {
                assertThat(done.get()).isZero();
            }
        }
        assertThat(server.client().send("GET", "n")).isEqualTo("" + 4 * each);
    }

    private static long number(@Nullable Object value) {
        return value == null ? 0 : Long.parseLong((String) value);
    }
}

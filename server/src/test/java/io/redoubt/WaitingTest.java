package io.redoubt;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that wait for keys, by commands that only tests have. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@WithOneAndWithThreeLoops
class WaitingTest {
    @RegisterExtension
    final RedoubtServer server;

    private int blocked;

    WaitingTest(int ioThreads) {
        server = RedoubtServer.with("security-profile strict")
                .ioThreads(ioThreads)
                .families(() -> List.of(new WaitingCommands()));
    }

    /** Sends a request that is not answered yet, and waits until its client waits. */
    private RespClient waiting(String... words) {
        return waiting(server.client(), words);
    }

    private RespClient waiting(RespClient client, String... words) {
        client.sendRaw(RespClient.request(words));
        awaitBlocked(++blocked);
        return client;
    }

    private void awaitBlocked(int count) {
        var client = server.client();
        while (!((String) client.send("INFO", "clients")).contains("blocked_clients:" + count + "\r\n")) {
            Thread.onSpinWait();
        }
        client.close();
        blocked = count;
    }

    private static List<String> taken(String key, String value) {
        return List.of(key, value);
    }

    @Test
    void a_key_that_is_there_is_taken_at_once() {
        var client = server.client();
        client.send("MSET", "b", "2", "c", "3");
        assertThat(client.send("BTAKE", "a", "b", "c", "0")).isEqualTo(taken("b", "2"));
        assertThat(client.send("EXISTS", "b")).isEqualTo(0L);
    }

    @Test
    void a_key_that_comes_is_given_to_the_one_who_waits() {
        var waiter = waiting("BTAKE", "a", "0");
        var client = server.client();
        client.sendRaw("SET a 1\r\nEXISTS a\r\n");
        assertThat(client.read()).isEqualTo("OK");
        assertThat(client.read()).isEqualTo(0L);
        assertThat(waiter.read()).isEqualTo(taken("a", "1"));
        awaitBlocked(0);
        assertThat(waiter.send("PING")).isEqualTo("PONG");
    }

    @Test
    void who_waits_longest_is_served_first() {
        var waiters = new ArrayList<RespClient>();
        for (int i = 0; i < 5; i++) {
            waiters.add(waiting("BTAKE", "x" + i, "a", "0"));
        }
        for (int i = 0; i < 5; i++) {
            server.client().send("SET", "a", "" + i);
        }
        for (int i = 0; i < 5; i++) {
            assertThat(waiters.get(i).read()).isEqualTo(taken("a", "" + i));
        }
    }

    @Test
    void requests_behind_the_waiting_one_run_afterwards() {
        var waiter = server.client();
        waiter.sendRaw("BTAKE a 0\r\nSET b 1\r\nGET b\r\n");
        awaitBlocked(1);
        assertThat(server.client().send("EXISTS", "b")).isEqualTo(0L);
        server.client().send("SET", "a", "1");
        assertThat(waiter.read()).isEqualTo(taken("a", "1"));
        assertThat(waiter.read()).isEqualTo("OK");
        assertThat(waiter.read()).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RENAME b a",
                "COPY b a",
                "MSET c 1 a 1",
                "APPEND a 1",
                "INCR a",
                "SETRANGE a 0 1",
                "SWAPDB 0 1",
                "EVERY"
            })
    void whatever_makes_the_key_wakes(String change) {
        var client = server.client();
        client.send("SET", "b", "1");
        client.send("SELECT", "1");
        client.send("SET", "a", "1");
        var waiter = waiting("BTAKE", "x", "a", "0");
        client.send("SELECT", change.equals("EVERY") ? "1" : "0");
        assertThat(client.send((change.equals("EVERY") ? "MOVE a 0" : change).split(" ")))
                .isNotInstanceOf(RespError.class);
        assertThat(waiter.read()).isEqualTo(taken("a", "1"));
    }

    @Test
    void a_wait_ends_when_its_time_is_over() {
        var client = server.client();
        assertThat(client.send("BTAKE", "a", "0.01")).isNull();
        assertThat(client.send("BMOVE", "a", "b", "0.001")).isNull();
        client.send("HELLO", "3");
        assertThat(client.send("BTAKE", "a", "b", "0.01")).isNull();
        client.send("SET", "a", "1");
        assertThat(client.send("GET", "a")).isEqualTo("1");
    }

    @ParameterizedTest
    @CsvSource({
        "-1,timeout is negative",
        "-0.5,timeout is negative",
        "abc,timeout is not a float or out of range",
        "nan,timeout is not a float or out of range",
        "1e30,timeout is out of range",
        "inf,timeout is out of range"
    })
    void a_bad_time_is_an_error(String seconds, String error) {
        assertThat(server.client().send("BTAKE", "a", seconds)).isEqualTo(RespError.error("ERR " + error));
    }

    @Test
    void a_bad_time_in_milliseconds_is_an_error() {
        var client = server.client();
        assertThat(client.send("BGONE", "a", "1.5"))
                .isEqualTo(RespError.error("ERR timeout is not an integer or out of range"));
        assertThat(client.send("BGONE", "a", "-1")).isEqualTo(RespError.error("ERR timeout is negative"));
        assertThat(client.send("BGONE", "a", "9223372036854775807"))
                .isEqualTo(RespError.error("ERR timeout is out of range"));
    }

    @Test
    void client_unblock_ends_a_wait_by_time_out_or_by_an_error() {
        var admin = server.client();
        var first = server.client();
        Object firstId = first.send("CLIENT", "ID");
        waiting(first, "BTAKE", "a", "0");
        assertThat(admin.send("CLIENT", "UNBLOCK", "" + firstId)).isEqualTo(1L);
        assertThat(first.read()).isNull();
        assertThat(admin.send("CLIENT", "UNBLOCK", "" + firstId)).isEqualTo(0L);
        awaitBlocked(0);
        waiting(first, "BTAKE", "a", "0");
        assertThat((String) admin.send("CLIENT", "LIST")).contains(" flags=b ");
        assertThat(admin.send("CLIENT", "UNBLOCK", "" + firstId, "ERROR")).isEqualTo(1L);
        assertThat(first.read()).isEqualTo(RespError.error("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
        admin.send("SET", "a", "1");
        assertThat(admin.send("GET", "a")).isEqualTo("1");
    }

    @Test
    void a_client_that_is_gone_takes_nothing() {
        var first = waiting("BTAKE", "a", "x", "0");
        var second = waiting("BTAKE", "a", "0");
        first.close();
        awaitBlocked(1);
        server.client().send("SET", "a", "1");
        assertThat(second.read()).isEqualTo(taken("a", "1"));
    }

    @Test
    void in_a_transaction_nobody_waits() {
        var client = server.client();
        client.send("MULTI");
        client.send("BTAKE", "a", "0");
        client.send("BMOVE", "a", "b", "0");
        client.send("SET", "a", "1");
        client.send("BTAKE", "a", "0");
        var replies = (List<?>) client.send("EXEC");
        assertThat(replies).hasSize(4);
        assertThat(replies.get(0)).isNull();
        assertThat(replies.get(1)).isNull();
        assertThat(replies.get(3)).isEqualTo(taken("a", "1"));
    }

    @Test
    void a_transaction_that_makes_a_key_and_takes_it_away_wakes_nobody() {
        var waiter = waiting("BTAKE", "x", "a", "0");
        var client = server.client();
        client.send("MULTI");
        client.send("SET", "a", "1");
        client.send("DEL", "a");
        assertThat(client.send("EXEC")).isEqualTo(List.of("OK", 1L));
        client.send("MULTI");
        client.send("SET", "a", "2");
        client.send("DISCARD");
        client.send("MULTI");
        client.send("SET", "a", "3");
        client.send("SET", "a", "4");
        client.send("GET", "a");
        assertThat(client.send("EXEC")).isEqualTo(List.of("OK", "OK", "4"));
        assertThat(waiter.read()).isEqualTo(taken("a", "4"));
    }

    @Test
    void what_a_served_client_writes_wakes_the_next() {
        var last = waiting("BTAKE", "d", "0");
        var third = waiting("BMOVE", "c", "d", "0");
        var second = waiting("BMOVE", "b", "c", "0");
        var first = waiting("BMOVE", "a", "b", "0");
        server.client().send("SET", "a", "1");
        assertThat(last.read()).isEqualTo(taken("d", "1"));
        for (var client : List.of(first, second, third)) {
            assertThat(client.read()).isEqualTo("1");
        }
        assertThat(server.client().send("DBSIZE")).isEqualTo(0L);
    }

    @Test
    void a_key_that_is_deleted_is_an_error_where_the_command_says_so() {
        var client = server.client();
        client.send("MSET", "a", "1", "b", "1", "c", "1");
        client.send("SELECT", "1");
        client.send("SET", "other", "1");
        client.send("SELECT", "0");
        var byDel = waiting("BGONE", "a", "0");
        var byValue = waiting("BGONE", "b", "0");
        var byFlush = waiting("BGONE", "c", "0");
        client.send("DEL", "a");
        assertThat(byDel.read()).isEqualTo(RespError.error("UNBLOCKED the key no longer exists"));
        client.send("SET", "b", "2");
        client.send("SET", "b", "end");
        assertThat(byValue.read()).isEqualTo("OK");
        client.send("FLUSHDB");
        assertThat(byFlush.read()).isEqualTo(RespError.error("UNBLOCKED the key no longer exists"));
        client.send("SET", "d", "1", "PX", "5");
        assertThat(client.send("BGONE", "d", "0")).isEqualTo(RespError.error("UNBLOCKED the key no longer exists"));
    }

    @Test
    void a_key_that_a_walk_finds_expired_wakes_who_waits_for_that() {
        var client = server.client();
        client.send("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        for (int i = 0; i < 20; i++) {
            client.send("SET", "k" + i, "1");
        }
        client.send("SET", "a", "1");
        var waiter = waiting("BGONE", "a", "0");
        client.send("PEXPIRE", "a", "1");
        while (!(client.send("SCAN", "0", "COUNT", "1000") instanceof List<?> page
                && page.getLast() instanceof List<?> keys
                && keys.size() == 20)) {
            Thread.onSpinWait();
        }
        assertThat(waiter.read()).isEqualTo(RespError.error("UNBLOCKED the key no longer exists"));
    }

    @Test
    void the_gate_is_asked_again_when_the_key_comes() {
        var admin = server.client();
        admin.send("ACL", "SETUSER", "anna", "on", ">pw", "~*", "+@all");
        var anna = waiting(server.clientAs("anna", "pw"), "BTAKE", "a", "0");
        var other = waiting("BTAKE", "a", "0");
        admin.send("ACL", "SETUSER", "anna", "resetkeys", "~b");
        admin.send("SET", "a", "1");
        assertThat(anna.read()).asString().startsWith("-NOPERM");
        assertThat(other.read()).isEqualTo(taken("a", "1"));
    }

    @Test
    void who_becomes_a_replica_ends_all_waits() {
        var waiter = waiting("BTAKE", "a", "0");
        server.client().send("REPLICAOF", "127.0.0.1", "1");
        assertThat(waiter.readToEnd())
                .isEqualTo("-UNBLOCKED force unblock from blocking operation, instance state changed"
                        + " (master -> replica?)\r\n");
        server.client().send("REPLICAOF", "NO", "ONE");
    }

    @Test
    void a_client_that_wants_no_replies_gets_none() {
        var waiter = server.client();
        waiter.sendRaw("CLIENT REPLY SKIP\r\nBTAKE a 0\r\n");
        awaitBlocked(1);
        server.client().send("SET", "a", "1");
        awaitBlocked(0);
        assertThat(waiter.send("PING")).isEqualTo("PONG");
    }

    @Test
    void each_value_is_taken_once_by_many_at_once() throws Exception {
        int values = 400;
        int takers = 4;
        var tasks = new ArrayList<Callable<List<Object>>>();
        for (int t = 0; t < takers; t++) {
            int index = t;
            var client = server.client();
            tasks.add(() -> {
                var got = new ArrayList<Object>();
                while (true) {
                    // In different orders and shards, some for a short time only.
                    var words = index % 2 == 0
                            ? List.of("BTAKE", "q0", "q1", "q2", "0")
                            : List.of("BTAKE", "q2", "q" + got.size() % 2, "0.002");
                    Object reply = client.send(words.toArray(String[]::new));
                    if (reply instanceof List<?> pair) {
                        if (pair.getLast().equals("stop")) {
                            return got;
                        }
                        got.add(pair.getLast());
                    }
                }
            });
        }
        var producers = new CountDownLatch(2);
        for (int p = 0; p < 2; p++) {
            int index = p;
            var client = server.client();
            tasks.add(() -> {
                for (int i = 0; i < values; i++) {
                    put(client, "q" + (i + index) % 3, index + "-" + i);
                }
                producers.countDown();
                return List.of();
            });
        }
        var stopper = server.client();
        tasks.add(() -> {
            producers.await();
            while (!Long.valueOf(0L).equals(stopper.send("EXISTS", "q0", "q1", "q2"))) {
                Thread.onSpinWait();
            }
            for (int i = 0; i < takers; i++) {
                put(stopper, "q2", "stop");
            }
            return List.of();
        });
        var all = new ArrayList<Object>();
        try (var threads = Executors.newCachedThreadPool()) {
            for (var done : threads.invokeAll(tasks)) {
                all.addAll(done.get());
            }
        }
        assertThat(all).hasSize(2 * values).doesNotHaveDuplicates();
    }

    /** Sets a key as soon as it does not exist. */
    private static void put(RespClient client, String key, String value) {
        while (!Long.valueOf(1L).equals(client.send("SETNX", key, value))) {
            Thread.onSpinWait();
        }
    }
}

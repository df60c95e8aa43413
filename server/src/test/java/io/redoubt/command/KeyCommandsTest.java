package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class KeyCommandsTest {
    private static final String NOT_AN_INTEGER = "-ERR value is not an integer or out of range";
    private static final String NOT_AN_INT =
            "'-ERR value is out of range, value must between -2147483648 and 2147483647'";
    private static final String SYNTAX = "-ERR syntax error";
    private static final String DB_INDEX = "-ERR DB index is out of range";
    private static final String SAME_OBJECT = "-ERR source and destination objects are the same";

    private final KeyServer server = new KeyServer(16);

    @AfterEach
    void the_keyspace_is_sound() {
        server.keyspace().checkInvariants();
    }

    private void select(int database) {
        server.session().select(database);
    }

    @Nested
    class Del {
        @ParameterizedTest
        @ValueSource(strings = {"DEL", "UNLINK"})
        void counts_the_keys_that_were_there_and_replicates_what_was_sent(String name) {
            server.send("SET a 1");
            server.send("SET b 2");
            assertThat(server.effectsOf(name + " a x b a")).containsExactly(name + " a x b a");
            assertThat(server.send("DBSIZE")).isEqualTo(":0");
            assertThat(server.send(name + " a")).isEqualTo(":0");
            assertThat(server.effectsOf(name + " a")).isEmpty();
        }

        @Test
        void tells_of_each_key_deleted() {
            server.send("SET a 1");
            server.send("SET b 1");
            assertThat(server.eventsOf("DEL b a x")).containsExactly("del b@0", "del a@0");
        }

        @Test
        void does_not_count_what_has_expired() {
            server.send("SET a 1");
            server.send("PEXPIRE a 5");
            server.nowMillis += 5;
            assertThat(server.effectsOf("UNLINK a")).containsExactly("DEL a");
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
        }
    }

    @Nested
    class Exists_touch_and_type {
        @Test
        void count_a_key_as_often_as_it_is_named() {
            server.send("SET a 1");
            assertThat(server.send("EXISTS a a x")).isEqualTo(":2");
            assertThat(server.send("TOUCH a a x")).isEqualTo(":2");
            assertThat(server.eventsOf("EXISTS x")).containsExactly("keymiss x@0");
        }

        @Test
        void name_the_type() {
            server.send("SET a 1");
            assertThat(server.send("TYPE a")).isEqualTo("+string");
            assertThat(server.send("TYPE x")).isEqualTo("+none");
        }
    }

    @Nested
    class How_a_value_is_kept {
        @ParameterizedTest
        @CsvSource({
            "12,                                            int",
            "012,                                           embstr",
            "12345678901234567890123456789012345678901234,  embstr",
            "123456789012345678901234567890123456789012345, raw"
        })
        void names_the_encoding(String value, String encoding) {
            server.send("SET a " + value);
            assertThat(server.list("OBJECT ENCODING a")).containsExactly(encoding);
        }

        @Test
        void shows_shared_integers() {
            for (String value : List.of("0", "9999")) {
                server.send("SET a " + value);
                assertThat(server.send("OBJECT REFCOUNT a")).isEqualTo(":2147483647");
            }
            for (String value : List.of("-1", "10000", "x")) {
                server.send("SET a " + value);
                assertThat(server.send("OBJECT REFCOUNT a")).isEqualTo(":1");
            }
        }

        @Test
        void counts_seconds_since_the_last_use_and_is_no_use_itself() {
            server.send("SET a 1");
            server.nowMillis += 7000;
            assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":7");
            server.send("EXISTS a");
            server.send("TTL a");
            assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":7");
            server.session().setNoTouch(true);
            server.send("GET a");
            assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":7");
            server.send("TOUCH a");
            assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":0");
        }

        @Test
        void survives_the_wrap_of_its_clock() {
            server.nowMillis = ((1L << 24) * 101 - 3) * 1000;
            server.send("SET a 1");
            server.nowMillis += 10_000;
            assertThat(server.send("OBJECT IDLETIME a")).isEqualTo(":10");
        }

        @Test
        void knows_either_frequency_or_idle_time() {
            server.send("SET a 1");
            assertThat(server.send("OBJECT FREQ a"))
                    .startsWith("-ERR An LFU maxmemory policy is not selected, access frequency not tracked.");
            server.usesLfu = true;
            assertThat(server.send("OBJECT IDLETIME a"))
                    .startsWith("-ERR An LFU maxmemory policy is selected, idle time not tracked.");
            assertThat(server.send("OBJECT FREQ a")).startsWith(":");
        }

        @ParameterizedTest
        @ValueSource(strings = {"ENCODING", "FREQ", "IDLETIME", "REFCOUNT"})
        void answers_nil_for_a_missing_key_and_tells_nobody(String name) {
            assertThat(server.send("OBJECT " + name + " x")).isEqualTo("$-1");
            assertThat(server.eventsOf("OBJECT " + name + " x")).isEmpty();
        }

        @Test
        void refuses_what_is_no_subcommand() {
            assertThat(server.send("OBJECT")).isEqualTo("-ERR wrong number of arguments for 'object' command");
            assertThat(server.send("OBJECT foo")).isEqualTo("-ERR unknown subcommand 'foo'. Try OBJECT HELP.");
            assertThat(server.send("OBJECT ENCODING"))
                    .isEqualTo("-ERR wrong number of arguments for 'object|encoding' command");
            assertThat(server.send("OBJECT HELP"))
                    .startsWith("*11 +OBJECT <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +ENCODING <key>");
        }
    }

    @Nested
    class Names {
        private void fill(int count) {
            for (int i = 0; i < count; i++) {
                server.send("SET key:" + i + " " + i);
            }
        }

        @Test
        void keys_lists_what_matches_and_is_alive() {
            fill(30);
            server.send("PEXPIRE key:1 10");
            server.nowMillis += 10;
            assertThat(server.list("KEYS key:1?")).hasSize(10).contains("key:10", "key:19");
            assertThat(server.list("KEYS *")).hasSize(29).doesNotContain("key:1");
            assertThat(server.send("KEYS nothing*")).isEqualTo("*0");
            assertThat(server.send("DBSIZE")).isEqualTo(":30");
        }

        @Test
        void keys_shows_an_empty_name_to_a_lone_star_only() {
            server.raw(KeyServer.arguments("SET", "", "v"));
            assertThat(server.send("KEYS *")).isEqualTo("*1 $0");
            assertThat(server.send("KEYS **")).isEqualTo("*0");
        }

        @Test
        void only_keys_that_the_user_may_know_are_shown() {
            fill(20);
            server.send("SET mine:a 1");
            server.showOnly("mine:");
            assertThat(server.list("KEYS *")).containsExactly("mine:a");
            assertThat(server.list("SCAN 0 COUNT 1000")).containsExactly("0", "mine:a");
            for (int i = 0; i < 20; i++) {
                assertThat(server.list("RANDOMKEY")).containsExactly("mine:a");
            }
            server.showOnly("none:");
            assertThat(server.send("RANDOMKEY")).isEqualTo("$-1");
        }

        @Test
        void a_filter_does_not_change_the_cursor() {
            fill(100);
            String cursor = server.list("SCAN 0 COUNT 7").getFirst();
            server.showOnly("none:");
            assertThat(server.list("SCAN 0 COUNT 7 MATCH x TYPE foo")).containsExactly(cursor);
        }

        @Test
        void scan_shows_all_that_was_there_all_the_time() {
            var random = new SplittableRandom(7);
            Set<String> stable = new TreeSet<>();
            for (int i = 0; i < 2000; i++) {
                server.send("SET stable:" + i + " v");
                stable.add("stable:" + i);
            }
            List<String> seen = new ArrayList<>();
            String cursor = "0";
            int calls = 0;
            do {
                List<String> page = server.list("SCAN " + cursor + " COUNT 10 MATCH stable:*");
                cursor = page.getFirst();
                seen.addAll(page.subList(1, page.size()));
                for (int i = 0; i < 20; i++) {
                    String name = "guest:" + random.nextInt(5000);
                    server.send(random.nextInt(3) > 0 ? "SET " + name + " v" : "DEL " + name);
                }
                calls++;
            } while (!cursor.equals("0"));
            assertThat(new HashSet<>(seen)).isEqualTo(stable);
            assertThat(calls).isGreaterThan(20);
        }

        @Test
        void scan_filters_by_pattern_type_and_expiry() {
            fill(30);
            server.send("PEXPIRE key:11 10");
            server.nowMillis += 10;
            assertThat(server.list("SCAN 0 COUNT 1000 MATCH key:1?"))
                    .hasSize(10)
                    .startsWith("0");
            assertThat(server.list("SCAN 0 COUNT 1000 TYPE STRing")).hasSize(30);
            assertThat(server.list("SCAN 0 COUNT 1000 TYPE list")).containsExactly("0");
            assertThat(server.list("SCAN 0 TYPE list TYPE string MATCH x MATCH key:2 COUNT 1 COUNT 1000"))
                    .containsExactly("0", "key:2");
        }

        @ParameterizedTest
        @CsvSource({
            "SCAN abc,                    -ERR invalid cursor",
            "SCAN 1.5,                    -ERR invalid cursor",
            "SCAN -,                      -ERR invalid cursor",
            "SCAN 0x,                     -ERR invalid cursor",
            "SCAN 18446744073709551616,   -ERR invalid cursor",
            "SCAN 99999999999999999999999, -ERR invalid cursor",
            "SCAN abc foo,                -ERR invalid cursor",
            "SCAN abc COUNT 0,            -ERR invalid cursor",
            "SCAN 0 COUNT,                " + SYNTAX,
            "SCAN 0 COUNT 0,              " + SYNTAX,
            "SCAN 0 COUNT -1,             " + SYNTAX,
            "SCAN 0 COUNT abc,            " + NOT_AN_INTEGER,
            "SCAN 0 MATCH,                " + SYNTAX,
            "SCAN 0 foo bar,              " + SYNTAX,
            "SCAN 0 TYPE,                 " + SYNTAX,
            "SCAN -1,                     *2 $1 0 *0",
            "SCAN 18446744073709551615,   *2 $1 0 *0",
            "SCAN 68719476736,            *2 $1 0 *0",
            "SCAN +0,                     *2 $1 0 *1 $1 a",
            "SCAN 00,                     *2 $1 0 *1 $1 a",
            "SCAN -0,                     *2 $1 0 *1 $1 a"
        })
        void scan_reads_cursors_and_options_as_redis_does(String command, String reply) {
            server.send("SET a 1");
            assertThat(server.send(command)).isEqualTo(reply);
        }

        @Test
        void scan_takes_no_cursor_at_all_for_zero() {
            assertThat(server.raw(KeyServer.arguments("SCAN", ""))).isEqualTo("*2\r\n$1\r\n0\r\n*0\r\n");
        }

        @Test
        void randomkey_finds_every_key() {
            fill(20);
            Set<String> seen = new HashSet<>();
            for (int i = 0; i < 2000 && seen.size() < 20; i++) {
                seen.addAll(server.list("RANDOMKEY"));
            }
            assertThat(seen).hasSize(20);
        }

        @Test
        void randomkey_deletes_what_has_expired() {
            fill(300);
            for (int i = 1; i < 300; i++) {
                server.send("PEXPIRE key:" + i + " 10");
            }
            server.nowMillis += 10;
            assertThat(server.list("RANDOMKEY")).containsExactly("key:0");
            assertThat(server.keyspace().size(0)).isLessThan(300);
            assertThat(server.send("DEL key:0")).isEqualTo(":1");
            while (server.keyspace().size(0) > 0) {
                assertThat(server.send("RANDOMKEY")).isEqualTo("$-1");
            }
        }

        @ParameterizedTest
        @ValueSource(strings = {"SCAN 0 COUNT 1000", "RANDOMKEY"})
        void what_nobody_named_leaves_the_stream_one_by_one_when_it_has_expired(String command) {
            fill(3);
            for (int i = 0; i < 3; i++) {
                server.send("PEXPIRE key:" + i + " 10");
            }
            server.nowMillis += 10;
            assertThat(server.effectsOf(command)).containsExactlyInAnyOrder("DEL key:0", "DEL key:1", "DEL key:2");
            assertThat(server.keyspace().size(0)).isZero();
        }

        @Test
        void scan_deletes_nothing_that_its_pattern_does_not_name() {
            fill(3);
            server.send("PEXPIRE key:1 10");
            server.nowMillis += 10;
            assertThat(server.effectsOf("SCAN 0 COUNT 1000 MATCH other*")).isEmpty();
            assertThat(server.keyspace().size(0)).isEqualTo(3);
        }

        @Test
        void randomkey_of_a_replica_neither_shows_nor_deletes_what_has_expired() {
            fill(5);
            for (int i = 0; i < 5; i++) {
                server.send("PEXPIRE key:" + i + " 10");
            }
            server.keyspace().expiry().isReplica = true;
            server.nowMillis += 10;
            assertThat(server.effectsOf("RANDOMKEY")).isEmpty();
            assertThat(server.send("RANDOMKEY")).isEqualTo("$-1");
            assertThat(server.send("KEYS *")).isEqualTo("*0");
            assertThat(server.send("SCAN 0 COUNT 100")).isEqualTo("*2 $1 0 *0");
            assertThat(server.send("DBSIZE")).isEqualTo(":5");
        }
    }

    @Nested
    class Rename {
        @Test
        void takes_value_and_expiry_along_and_replaces_the_target() {
            server.send("SET a 1");
            server.send("PEXPIREAT a 1800000000000");
            server.send("SET b 2");
            assertThat(server.effectsOf("RENAME a b")).containsExactly("RENAME a b");
            assertThat(server.send("GET b")).isEqualTo("$1 1");
            assertThat(server.send("PEXPIRETIME b")).isEqualTo(":1800000000000");
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
            server.send("SET a 3");
            server.send("RENAME a b");
            assertThat(server.send("TTL b")).isEqualTo(":-1");
        }

        @Test
        void raises_events_in_the_order_of_redis() {
            server.send("SET a 1");
            assertThat(server.eventsOf("RENAME a b")).containsExactly("new b@0", "rename_from a@0", "rename_to b@0");
        }

        @Test
        void needs_the_source_and_is_content_with_the_same_name() {
            assertThat(server.send("RENAME x x")).isEqualTo("-ERR no such key");
            assertThat(server.send("RENAMENX x a")).isEqualTo("-ERR no such key");
            server.send("SET a 1");
            assertThat(server.send("RENAME a a")).isEqualTo("+OK");
            assertThat(server.send("RENAMENX a a")).isEqualTo(":0");
            assertThat(server.effectsOf("RENAME a a")).isEmpty();
        }

        @Test
        void with_nx_keeps_a_target_unless_it_has_expired() {
            server.send("SET a 1");
            server.send("SET b 2");
            server.send("PEXPIRE b 10");
            assertThat(server.send("RENAMENX a b")).isEqualTo(":0");
            server.nowMillis += 10;
            assertThat(server.effectsOf("RENAMENX a b")).containsExactly("MULTI", "DEL b", "RENAMENX a b", "EXEC");
            assertThat(server.send("GET b")).isEqualTo("$1 1");
            assertThat(server.send("TTL b")).isEqualTo(":-1");
        }

        @Test
        void moves_large_values() {
            String value = "v".repeat(100_000);
            server.send("SET a " + value);
            server.send("RENAME a b");
            assertThat(server.list("GET b")).containsExactly(value);
        }
    }

    @Nested
    class Copy {
        @Test
        void copies_value_and_expiry() {
            server.send("SET a 1");
            server.send("PEXPIREAT a 1800000000000");
            assertThat(server.effectsOf("COPY a b")).containsExactly("COPY a b");
            assertThat(server.send("PEXPIRETIME b")).isEqualTo(":1800000000000");
            server.send("SET a 2");
            assertThat(server.send("COPY a b")).isEqualTo(":0");
            assertThat(server.eventsOf("COPY a b REPLACE")).containsExactly("new b@0", "copy_to b@0");
            assertThat(server.send("GET b")).isEqualTo("$1 2");
            assertThat(server.send("TTL b")).isEqualTo(":-1");
            assertThat(server.send("COPY x b")).isEqualTo(":0");
        }

        @Test
        void goes_to_the_database_named_last_and_needs_all_that_are_named() {
            server.send("SET a 1");
            assertThat(server.send("COPY a a DB 3 DB 2")).isEqualTo(":1");
            select(2);
            assertThat(server.send("GET a")).isEqualTo("$1 1");
            select(3);
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
            var form = server.form("COPY a b DB 3 DB 2");
            assertThat(form.keyCount()).isEqualTo(3);
            assertThat(form.keyArg(0)).isEqualTo(1);
            assertThat(form.keyAccess(0)).isEqualTo(Form.READ);
            assertThat(form.keyDatabase(0)).isEqualTo(Form.CURRENT_DATABASE);
            assertThat(form.keyArg(1)).isEqualTo(2);
            assertThat(form.keyAccess(1)).isEqualTo(Form.WRITE);
            assertThat(form.keyDatabase(1)).isEqualTo(3);
            assertThat(form.keyDatabase(2)).isEqualTo(2);
            assertThat(form.readsToo).isTrue();
        }

        @ParameterizedTest
        @CsvSource({
            "COPY a a,              " + SAME_OBJECT,
            "COPY a a DB 0,         " + SAME_OBJECT,
            "COPY x x,              " + SAME_OBJECT,
            "COPY a b DB,           " + SYNTAX,
            "COPY a b foo,          " + SYNTAX,
            "COPY a b DB 4,         " + DB_INDEX,
            "COPY a b DB -1,        " + DB_INDEX,
            "COPY a b DB 4 DB 1,    " + DB_INDEX,
            "COPY a b DB abc,       " + NOT_AN_INTEGER,
            "COPY a b DB 99999999999, " + NOT_AN_INT,
            "COPY a b DB abc foo,   " + NOT_AN_INTEGER
        })
        void refuses_what_redis_refuses(String command, String reply) {
            server.send("SET a 1");
            assertThat(server.send(command)).isEqualTo(reply);
            assertThat(server.send("DBSIZE")).isEqualTo(":1");
        }
    }

    @Nested
    class Move {
        @Test
        void moves_value_and_expiry_unless_the_target_is_taken() {
            server.send("SET a 1");
            server.send("PEXPIREAT a 1800000000000");
            assertThat(server.eventsOf("MOVE a 1")).containsExactly("new a@1", "move_from a@0", "move_to a@1");
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
            server.send("SET a 2");
            assertThat(server.send("MOVE a 1")).isEqualTo(":0");
            assertThat(server.send("MOVE x 1")).isEqualTo(":0");
            assertThat(server.effectsOf("MOVE a 3")).containsExactly("MOVE a 3");
            select(1);
            assertThat(server.send("GET a")).isEqualTo("$1 1");
            assertThat(server.send("PEXPIRETIME a")).isEqualTo(":1800000000000");
        }

        @Test
        void names_the_target_in_its_form() {
            var form = server.form("MOVE a 3");
            assertThat(form.keyCount()).isEqualTo(2);
            assertThat(form.keyAccess(0)).isEqualTo(Form.READ | Form.WRITE);
            assertThat(form.keyDatabase(1)).isEqualTo(3);
            assertThat(form.keyAccess(1)).isEqualTo(Form.WRITE);
            assertThat(form.readsToo).isTrue();
        }

        @ParameterizedTest
        @CsvSource({
            "MOVE a abc, " + NOT_AN_INTEGER,
            "MOVE a 2147483648, " + NOT_AN_INT,
            "MOVE a 4, " + DB_INDEX,
            "MOVE x 0, " + SAME_OBJECT
        })
        void refuses_what_redis_refuses(String command, String reply) {
            server.send("SET a 1");
            assertThat(server.send(command)).isEqualTo(reply);
        }
    }

    @Nested
    class Whole_databases {
        @Test
        void flushdb_empties_one_and_is_replicated_even_when_empty() {
            server.send("SET a 1");
            select(1);
            server.send("SET b 1");
            server.send("SET c 1");
            long before = server.keyspace().changesSinceStart();
            assertThat(server.eventsOf("FLUSHDB")).containsExactly("flush @1");
            assertThat(server.keyspace().changesSinceStart() - before).isEqualTo(2);
            assertThat(server.effectsOf("FLUSHDB ASYNC")).containsExactly("FLUSHDB ASYNC");
            assertThat(server.send("DBSIZE")).isEqualTo(":0");
            select(0);
            assertThat(server.send("DBSIZE")).isEqualTo(":1");
        }

        @Test
        void flushall_empties_all() {
            server.send("SET a 1");
            select(1);
            server.send("SET b 1");
            long before = server.keyspace().changesSinceStart();
            assertThat(server.effectsOf("FLUSHALL SYNC")).containsExactly("FLUSHALL SYNC");
            assertThat(server.keyspace().changesSinceStart() - before).isEqualTo(3);
            assertThat(server.keyspace().size(0) + server.keyspace().size(1)).isZero();
            assertThat(server.form("FLUSHALL").allDatabases).isTrue();
            assertThat(server.form("FLUSHALL").writesAllKeys).isTrue();
            assertThat(server.form("FLUSHDB").allDatabases).isFalse();
        }

        @Test
        void swapdb_exchanges_two() {
            server.send("SET a 1");
            assertThat(server.eventsOf("SWAPDB 0 2")).containsExactly("swap @0 @2");
            assertThat(server.send("EXISTS a")).isEqualTo(":0");
            assertThat(server.effectsOf("SWAPDB 2 0")).containsExactly("SWAPDB 2 0");
            assertThat(server.send("GET a")).isEqualTo("$1 1");
            assertThat(server.send("SWAPDB 0 0")).isEqualTo("+OK");
            var form = server.form("SWAPDB 1 3");
            assertThat(form.databaseCount()).isEqualTo(2);
            assertThat(form.database(0)).isEqualTo(1);
            assertThat(form.database(1)).isEqualTo(3);
            assertThat(form.writesAllKeys).isTrue();
        }

        @ParameterizedTest
        @CsvSource({
            "FLUSHDB foo,          " + SYNTAX,
            "FLUSHALL SYNC ASYNC,  " + SYNTAX,
            "SWAPDB a b,           -ERR invalid first DB index",
            "SWAPDB 99999999999 0, -ERR invalid first DB index",
            "SWAPDB 0 b,           -ERR invalid second DB index",
            "SWAPDB 0 4,           " + DB_INDEX,
            "SWAPDB -1 0,          " + DB_INDEX,
            "SWAPDB 9 b,           -ERR invalid second DB index"
        })
        void refuse_what_redis_refuses(String command, String reply) {
            server.send("SET a 1");
            assertThat(server.send(command)).isEqualTo(reply);
            assertThat(server.send("DBSIZE")).isEqualTo(":1");
        }
    }
}

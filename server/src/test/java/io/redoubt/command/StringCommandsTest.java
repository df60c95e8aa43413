package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Expectations are what redis-server 7.0.15 answers, and for newer commands what their pages say. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StringCommandsTest {
    private static final int VALUE_BYTES_MAX = 1 << 20;
    private static final String SYNTAX = "-ERR syntax error";
    private static final String NOT_AN_INTEGER = "-ERR value is not an integer or out of range";
    private static final String LONG_VALUE = "x".repeat(45);
    private static final String HUGE_VALUE = "y".repeat(40_000);

    private final CommandFixture server = new CommandFixture(new StringCommands(() -> VALUE_BYTES_MAX));

    @AfterEach
    void the_keyspace_is_sound() {
        server.keyspace().checkInvariants();
    }

    private String send(String... arguments) {
        return server.send(arguments);
    }

    private static String[] words(String line) {
        return line.split(" ");
    }

    @Nested
    class Without_room_in_the_heap {
        private void leave(long bytes) {
            long[] left = {bytes};
            server.keyspace().heap().measureBy(() -> left[0], 0);
            left[0] = 0;
        }

        @Test
        void what_mset_has_set_is_logged_and_no_more() {
            send("SET", "{t}x", "1");
            send("SET", "{t}c", "old");
            leave(100_000);
            String large = "y".repeat(40_000);
            assertThat(server.effectsOf("MSET", "{t}a", large, "{t}b", large, "{t}c", large, "{t}d", large))
                    .containsSubsequence("SET {t}a " + large, "SET {t}b " + large, "SET {t}c old", "DEL {t}d");
            assertThat(send("MGET", "{t}c", "{t}d")).isEqualTo("*2 $3 old $-1");
            assertThat(send("STRLEN", "{t}b")).isEqualTo(":40000");
        }

        @Test
        void nothing_changes_and_the_error_is_that_of_maxmemory() {
            String large = "y".repeat(40_000);
            send("SET", "{t}a", large);
            leave(0);
            String oom = "-OOM command not allowed when used memory > 'maxmemory'.";
            assertThat(send("SET", "{t}a", "z".repeat(50_000))).isEqualTo(oom);
            assertThat(send("APPEND", "{t}a", "z")).isEqualTo(oom);
            assertThat(send("SETRANGE", "{t}b", "100000", "z")).isEqualTo(oom);
            assertThat(send("GET", "{t}a")).isEqualTo("$40000 " + large);
            assertThat(send("GET", "{t}b")).isEqualTo("$-1");
            server.keyspace().checkInvariants();
        }
    }

    @Nested
    class Get {
        @Test
        void returns_what_was_set_and_nil_where_nothing_was() {
            assertThat(send("SET", "k", "value")).isEqualTo("+OK");
            assertThat(send("GET", "k")).isEqualTo("$5 value");
            assertThat(send("GET", "other")).isEqualTo("$-1");
            server.session().setProtocol(3);
            assertThat(send("GET", "other")).isEqualTo("_");
        }

        @Test
        void misses_what_has_expired_and_logs_its_deletion() {
            send("SET", "k", "v", "PX", "10");
            server.nowMillis += 9;
            assertThat(send("GET", "k")).isEqualTo("$1 v");
            server.nowMillis += 1;
            assertThat(server.effectsOf("GET", "k")).containsExactly("DEL k");
            assertThat(send("GET", "k")).isEqualTo("$-1");
        }

        @Test
        void raises_keymiss_for_a_missing_key() {
            assertThat(server.eventsOf("GET", "k")).containsExactly("keymiss k");
        }
    }

    @Nested
    class Set {
        @ParameterizedTest
        @CsvSource({"12, int", "-9223372036854775808, int", "9223372036854775808, embstr", "012, embstr", "'', embstr"})
        void keeps_canonical_integers_as_such(String value, String encoding) {
            send("SET", "k", value);
            assertThat(server.encoding("k")).isEqualTo(encoding);
            assertThat(send("GET", "k")).isEqualTo("$" + value.length() + " " + value);
        }

        @Test
        void keeps_up_to_44_bytes_as_embstr() {
            send("SET", "k", LONG_VALUE.substring(1));
            assertThat(server.encoding("k")).isEqualTo("embstr");
            send("SET", "k", LONG_VALUE);
            assertThat(server.encoding("k")).isEqualTo("raw");
        }

        @Test
        void drops_the_expiry_unless_it_is_to_be_kept() {
            send("SET", "k", "v", "EX", "10");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 10_000);
            send("SET", "k", "w", "KEEPTTL");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 10_000);
            send("SET", "k", "w");
            assertThat(server.expiry("k")).isEqualTo(-1);
        }

        @Test
        void takes_absolute_times_and_past_ones_too() {
            send("SET", "k", "v", "EXAT", "1700000001");
            assertThat(server.expiry("k")).isEqualTo(1_700_000_001_000L);
            send("SET", "k", "v", "PXAT", "1700000001234");
            assertThat(server.expiry("k")).isEqualTo(1_700_000_001_234L);
            assertThat(server.effectsOf("SET", "k", "v", "EXAT", "1")).containsExactly("SET k v PXAT 1000");
            assertThat(send("GET", "k")).isEqualTo("$-1");
        }

        @Test
        void sets_under_nx_and_xx_only_where_they_hold() {
            assertThat(send("SET", "k", "1", "XX")).isEqualTo("$-1");
            assertThat(send("SET", "k", "1", "NX")).isEqualTo("+OK");
            assertThat(send("SET", "k", "2", "NX")).isEqualTo("$-1");
            assertThat(send("SET", "k", "3", "xx")).isEqualTo("+OK");
            assertThat(send("GET", "k")).isEqualTo("$1 3");
        }

        @Test
        void returns_the_old_value_with_get_whether_or_not_it_sets() {
            assertThat(send("SET", "k", "1", "GET")).isEqualTo("$-1");
            assertThat(send("SET", "k", "2", "NX", "GET")).isEqualTo("$1 1");
            assertThat(send("SET", "k", "2", "XX", "GET")).isEqualTo("$1 1");
            assertThat(send("GET", "k")).isEqualTo("$1 2");
        }

        @Test
        void compares_with_ifeq_and_ifne() {
            assertThat(send("SET", "k", "1", "IFEQ", "0")).isEqualTo("$-1");
            assertThat(send("SET", "k", "1", "IFNE", "0")).isEqualTo("+OK");
            assertThat(send("SET", "k", "2", "IFEQ", "0")).isEqualTo("$-1");
            assertThat(send("SET", "k", "2", "IFEQ", "1")).isEqualTo("+OK");
            assertThat(send("SET", "k", LONG_VALUE, "IFNE", "2")).isEqualTo("$-1");
            assertThat(send("SET", "k", LONG_VALUE, "IFNE", "1")).isEqualTo("+OK");
            assertThat(send("SET", "k", "z", "IFEQ", LONG_VALUE, "GET")).isEqualTo("$45 " + LONG_VALUE);
            assertThat(send("GET", "k")).isEqualTo("$1 z");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "FOO",
                    "EX",
                    "NX XX",
                    "XX NX",
                    "EX 1 PX 1",
                    "EX 5 KEEPTTL",
                    "KEEPTTL EX 5",
                    "PERSIST",
                    "NX IFEQ v",
                    "IFEQ v IFNE v",
                    "IFEQ",
                    "IFEQ a IFEQ b"
                })
        void refuses_options_that_do_not_go_together(String options) {
            send("SET", "k", "old");
            assertThat(send(words("SET k new " + options))).isEqualTo(SYNTAX);
            assertThat(send("GET", "k")).isEqualTo("$3 old");
        }

        @ParameterizedTest
        @ValueSource(
                strings = {"EX 0", "EX -1", "PXAT 0", "EXAT -5", "EX 9223372036854775807", "PX 9223372036854775807"})
        void refuses_times_that_are_none(String option) {
            assertThat(send(words("SET k v " + option))).isEqualTo("-ERR invalid expire time in 'set' command");
            assertThat(send("GET", "k")).isEqualTo("$-1");
        }

        @Test
        void refuses_a_time_that_is_no_number_and_takes_repeated_words() {
            assertThat(send(words("SET k v EX abc"))).isEqualTo(NOT_AN_INTEGER);
            assertThat(send(words("SET k v GET GET NX NX"))).isEqualTo("$-1");
            assertThat(send(words("SET k w XX XX EX 5 EX 6"))).isEqualTo("+OK");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 6000);
        }

        @Test
        void logs_the_deterministic_form() {
            long soon = server.nowMillis + 10_000;
            assertThat(server.effectsOf("set", "k", "v")).containsExactly("set k v");
            assertThat(server.effectsOf("SET", "k", "v", "EX", "10")).containsExactly("SET k v PXAT " + soon);
            assertThat(server.effectsOf("SET", "k", "v", "px", "10000", "GET")).containsExactly("SET k v PXAT " + soon);
            assertThat(server.effectsOf("SET", "k", "v", "KEEPTTL")).containsExactly("SET k v KEEPTTL");
            assertThat(server.effectsOf("set", "k", "get", "get")).containsExactly("set k get");
            assertThat(server.effectsOf("SET", "k", "v", "NX")).isEmpty();
            assertThat(server.effectsOf("SET", "n", "v", "NX", "GET")).containsExactly("SET n v NX");
            assertThat(server.effectsOf("SET", "k", "v", "IFEQ", "get")).containsExactly("SET k v");
            assertThat(server.effectsOf("SET", "k", "w", "IFEQ", "v", "KEEPTTL"))
                    .containsExactly("SET k w KEEPTTL");
            assertThat(server.effectsOf("SET", "k", "w", "IFEQ", "v")).isEmpty();
        }

        @Test
        void raises_set_and_expire() {
            assertThat(server.eventsOf("SET", "k", "v")).containsExactly("new k", "set k");
            assertThat(server.eventsOf("SET", "k", "v", "EX", "5")).containsExactly("set k", "expire k");
            assertThat(server.eventsOf("SET", "k", "v", "NX")).isEmpty();
        }

        @Test
        void needs_to_read_only_where_it_answers_or_compares() {
            assertThat(server.form("SET", "k", "v").keyAccess(0)).isEqualTo(Form.WRITE);
            assertThat(server.form("SET", "k", "v", "NX", "EX", "5").readsToo).isFalse();
            for (String option : new String[] {"GET", "IFEQ v", "IFNE v", "GET FOO"}) {
                var form = server.form(words("SET k v " + option));
                assertThat(form.readsToo).as(option).isTrue();
                assertThat(form.keyCount()).isEqualTo(1);
                assertThat(form.keyAccess(0)).as(option).isEqualTo(Form.READ | Form.WRITE);
            }
        }
    }

    @Nested
    class Setnx_setex_psetex_getset_getdel {
        @Test
        void setnx_sets_once() {
            assertThat(send("SETNX", "k", "12")).isEqualTo(":1");
            assertThat(send("SETNX", "k", "13")).isEqualTo(":0");
            assertThat(server.encoding("k")).isEqualTo("int");
            assertThat(server.effectsOf("SETNX", "k", "13")).isEmpty();
        }

        @Test
        void setex_and_psetex_set_with_a_time() {
            assertThat(send("SETEX", "k", "10", "v")).isEqualTo("+OK");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 10_000);
            assertThat(server.effectsOf("PSETEX", "k", "10", "v"))
                    .containsExactly("SET k v PXAT " + (server.nowMillis + 10));
            assertThat(server.eventsOf("SETEX", "k", "10", "v")).containsExactly("set k", "expire k");
            assertThat(send("SETEX", "k", "0", "v")).isEqualTo("-ERR invalid expire time in 'setex' command");
            assertThat(send("PSETEX", "k", "9223372036854775807", "v"))
                    .isEqualTo("-ERR invalid expire time in 'psetex' command");
            assertThat(send("SETEX", "k", "x", "v")).isEqualTo(NOT_AN_INTEGER);
        }

        @Test
        void getset_returns_the_old_value_and_drops_the_expiry() {
            assertThat(send("GETSET", "k", "1")).isEqualTo("$-1");
            send("SET", "k", "1", "EX", "10");
            assertThat(server.effectsOf("getset", "k", "2")).containsExactly("SET k 2");
            assertThat(server.expiry("k")).isEqualTo(-1);
            assertThat(send("GETSET", "k", "3")).isEqualTo("$1 2");
            assertThat(server.encoding("k")).isEqualTo("int");
        }

        @Test
        void getdel_returns_and_deletes() {
            send("SET", "k", HUGE_VALUE);
            assertThat(send("GETDEL", "k")).isEqualTo("$40000 " + HUGE_VALUE);
            assertThat(send("GETDEL", "k")).isEqualTo("$-1");
            send("SET", "k", "1");
            assertThat(server.eventsOf("GETDEL", "k")).containsExactly("del k");
            send("SET", "k", "1");
            assertThat(server.effectsOf("GETDEL", "k")).containsExactly("DEL k");
            assertThat(server.effectsOf("GETDEL", "k")).isEmpty();
        }
    }

    @Nested
    class Getex {
        @Test
        void without_an_option_changes_nothing() {
            send("SET", "k", "v", "EX", "10");
            assertThat(server.effectsOf("GETEX", "k")).isEmpty();
            assertThat(send("GETEX", "k")).isEqualTo("$1 v");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 10_000);
        }

        @Test
        void sets_and_removes_the_expiry() {
            send("SET", "k", "v");
            assertThat(server.effectsOf("GETEX", "k", "EX", "10"))
                    .containsExactly("PEXPIREAT k " + (server.nowMillis + 10_000));
            assertThat(server.eventsOf("GETEX", "k", "PX", "10")).containsExactly("expire k");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 10);
            assertThat(server.effectsOf("GETEX", "k", "PERSIST")).containsExactly("PERSIST k");
            assertThat(server.expiry("k")).isEqualTo(-1);
            assertThat(server.effectsOf("GETEX", "k", "PERSIST")).isEmpty();
            send("GETEX", "k", "EX", "10");
            assertThat(server.eventsOf("GETEX", "k", "PERSIST")).containsExactly("persist k");
        }

        @Test
        void deletes_at_a_time_that_has_passed() {
            send("SET", "k", "v");
            assertThat(send("GETEX", "k", "EXAT", "1")).isEqualTo("$1 v");
            assertThat(send("GETEX", "k")).isEqualTo("$-1");
            send("SET", "k", "v");
            assertThat(server.effectsOf("GETEX", "k", "PXAT", "1")).containsExactly("DEL k");
            send("SET", "k", "v");
            assertThat(server.eventsOf("GETEX", "k", "PXAT", "1")).containsExactly("del k");
        }

        @Test
        void sees_a_bad_option_before_a_missing_key_and_that_before_a_bad_time() {
            for (String options : new String[] {"KEEPTTL", "NX", "GET", "EX 5 PERSIST", "EX", "IFEQ v"}) {
                assertThat(send(words("GETEX k " + options))).isEqualTo(SYNTAX);
            }
            assertThat(send("GETEX", "k", "EX", "abc")).isEqualTo("$-1");
            send("SET", "k", "v");
            assertThat(send("GETEX", "k", "EX", "abc")).isEqualTo(NOT_AN_INTEGER);
            assertThat(send("GETEX", "k", "EX", "0")).isEqualTo("-ERR invalid expire time in 'getex' command");
        }
    }

    @Nested
    class Many {
        @Test
        void mset_sets_every_pair_and_mget_returns_them_in_order() {
            assertThat(send("MSET", "a", "1", "b", "two", "a", "3")).isEqualTo("+OK");
            assertThat(send("MGET", "a", "nosuch", "b", "a")).isEqualTo("*4 $1 3 $-1 $3 two $1 3");
            assertThat(server.eventsOf("MSET", "a", "1", "b", "2")).containsExactly("set a", "set b");
            assertThat(server.effectsOf("mset", "a", "1", "b", "2")).containsExactly("mset a 1 b 2");
        }

        @Test
        void mset_and_msetnx_refuse_half_a_pair() {
            assertThat(send("MSET", "a", "1", "b")).isEqualTo("-ERR wrong number of arguments for 'mset' command");
            assertThat(send("MSETNX", "a", "1", "b")).isEqualTo("-ERR wrong number of arguments for 'msetnx' command");
            assertThat(send("GET", "a")).isEqualTo("$-1");
        }

        @Test
        void msetnx_sets_all_or_nothing() {
            assertThat(send("MSETNX", "a", "1", "b", "2", "a", "3")).isEqualTo(":1");
            assertThat(send("MSETNX", "c", "1", "b", "3")).isEqualTo(":0");
            assertThat(send("MGET", "a", "b", "c")).isEqualTo("*3 $1 3 $1 2 $-1");
        }

        @Test
        void msetex_sets_all_or_nothing_with_one_time() {
            long soon = server.nowMillis + 10_000;
            assertThat(send(words("MSETEX 2 a 1 b 2 XX"))).isEqualTo(":0");
            assertThat(server.effectsOf(words("MSETEX 2 a 1 b 2 EX 10 NX")))
                    .containsExactly("MULTI", "SET a 1 PXAT " + soon, "SET b 2 PXAT " + soon, "EXEC");
            assertThat(server.expiry("b")).isEqualTo(soon);
            assertThat(send(words("MSETEX 2 a 1 c 2 NX"))).isEqualTo(":0");
            assertThat(send(words("MSETEX 2 a 1 c 2 XX"))).isEqualTo(":0");
            assertThat(send(words("MSETEX 2 a 5 c 6 KEEPTTL"))).isEqualTo(":1");
            assertThat(server.expiry("a")).isEqualTo(soon);
            assertThat(server.expiry("c")).isEqualTo(-1);
            assertThat(server.effectsOf(words("MSETEX 2 a 7 b 8"))).containsExactly("MSET a 7 b 8");
            assertThat(server.expiry("a")).isEqualTo(-1);
            assertThat(send(words("MGET a b c"))).isEqualTo("*3 $1 7 $1 8 $1 6");
        }

        @Test
        void msetex_names_every_key_to_the_gate() {
            var form = server.form(words("MSETEX 3 a 1 b 2 c 3 EX 5"));
            assertThat(form.keyCount()).isEqualTo(3);
            assertThat(new int[] {form.keyArg(0), form.keyArg(1), form.keyArg(2)})
                    .containsExactly(2, 4, 6);
            assertThat(form.readsToo).isFalse();
        }

        @Test
        void msetex_refuses_bad_counts_and_options() {
            String badCount = "-ERR invalid numkeys value or out of range";
            assertThat(send(words("MSETEX 0 a 1"))).isEqualTo(badCount);
            assertThat(send(words("MSETEX -1 a 1"))).isEqualTo(badCount);
            assertThat(send(words("MSETEX x a 1"))).isEqualTo(badCount);
            assertThat(send(words("MSETEX 2147483648 a 1"))).isEqualTo(badCount);
            assertThat(send(words("MSETEX 2147483647 a 1"))).isEqualTo(SYNTAX);
            assertThat(send(words("MSETEX 2 a 1 b"))).isEqualTo(SYNTAX);
            assertThat(send(words("MSETEX 1 a 1 GET"))).isEqualTo(SYNTAX);
            assertThat(send(words("MSETEX 1 a 1 EX 0"))).isEqualTo("-ERR invalid expire time in 'msetex' command");
            assertThat(send("GET", "a")).isEqualTo("$-1");
        }
    }

    @Nested
    class Append_and_setrange {
        @Test
        void append_makes_a_missing_key_as_set_does_and_any_other_raw() {
            assertThat(send("APPEND", "k", "12")).isEqualTo(":2");
            assertThat(server.encoding("k")).isEqualTo("int");
            assertThat(send("APPEND", "k", "3")).isEqualTo(":3");
            assertThat(server.encoding("k")).isEqualTo("raw");
            assertThat(send("GET", "k")).isEqualTo("$3 123");
            assertThat(send("APPEND", "e", "")).isEqualTo(":0");
            assertThat(server.encoding("e")).isEqualTo("embstr");
            assertThat(server.effectsOf("append", "k", "4")).containsExactly("append k 4");
            assertThat(server.eventsOf("APPEND", "k", "")).containsExactly("append k");
        }

        @Test
        void setrange_pads_with_zeros_and_makes_raw() {
            assertThat(send("SETRANGE", "k", "2", "ab")).isEqualTo(":4");
            assertThat(server.raw("GET", "k")).isEqualTo("$4\r\n\0\0ab\r\n");
            assertThat(server.encoding("k")).isEqualTo("raw");
            send("SET", "n", "12");
            assertThat(send("SETRANGE", "n", "0", "3")).isEqualTo(":2");
            assertThat(send("INCR", "n")).isEqualTo(":33");
            assertThat(server.eventsOf("SETRANGE", "n", "0", "3")).containsExactly("setrange n");
        }

        @Test
        void setrange_of_nothing_changes_nothing() {
            assertThat(send("SETRANGE", "k", "5", "")).isEqualTo(":0");
            assertThat(send("GET", "k")).isEqualTo("$-1");
            send("SET", "k", "12");
            assertThat(server.effectsOf("SETRANGE", "k", "500", "")).isEmpty();
            assertThat(send("SETRANGE", "k", "500", "")).isEqualTo(":2");
            assertThat(server.encoding("k")).isEqualTo("int");
        }

        @Test
        void both_keep_the_expiry() {
            for (String value : new String[] {"12", "abc", LONG_VALUE, HUGE_VALUE}) {
                send("SET", "k", value, "PX", "1000");
                send("APPEND", "k", "x");
                send("SETRANGE", "k", "1", "y");
                assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 1000);
            }
        }

        @Test
        void both_refuse_to_grow_beyond_the_limit() {
            String tooLong = "-ERR string exceeds maximum allowed size (proto-max-bulk-len)";
            send("SET", "k", "abc");
            assertThat(send("SETRANGE", "k", "" + VALUE_BYTES_MAX, "x")).isEqualTo(tooLong);
            assertThat(send("SETRANGE", "k", "9223372036854775807", "x")).isEqualTo(tooLong);
            assertThat(send("SETRANGE", "none", "" + VALUE_BYTES_MAX, "x")).isEqualTo(tooLong);
            assertThat(send("GET", "none")).isEqualTo("$-1");
            assertThat(send("SETRANGE", "k", "" + (VALUE_BYTES_MAX - 1), "x")).isEqualTo(":" + VALUE_BYTES_MAX);
            assertThat(send("APPEND", "k", "x")).isEqualTo(tooLong);
            assertThat(send("APPEND", "k", "")).isEqualTo(":" + VALUE_BYTES_MAX);
        }

        @Test
        void setrange_refuses_a_bad_offset() {
            assertThat(send("SETRANGE", "k", "-1", "x")).isEqualTo("-ERR offset is out of range");
            assertThat(send("SETRANGE", "k", "abc", "x")).isEqualTo(NOT_AN_INTEGER);
        }

        @Test
        void a_large_value_is_changed_in_place_and_what_lies_between_is_zero() {
            send("SET", "k", HUGE_VALUE);
            assertThat(send("APPEND", "k", "abc")).isEqualTo(":40003");
            assertThat(send("SETRANGE", "k", "40005", "z")).isEqualTo(":40006");
            assertThat(server.raw("GETRANGE", "k", "39999", "-1")).isEqualTo("$7\r\nyabc\0\0z\r\n");
        }
    }

    @Nested
    class Getrange_and_strlen {
        @ParameterizedTest
        @CsvSource({
            "0, 0, h",
            "-3, -1, llo",
            "1, 100, ello",
            "-100, 1, he",
            "3, 1, ''",
            "-1, -3, ''",
            "5, 9, ''",
            "-100, -90, h",
            "0, -9223372036854775808, h",
            "-9223372036854775808, 9223372036854775807, hello"
        })
        void returns_the_part(String start, String end, String part) {
            send("SET", "k", "hello");
            assertThat(send("GETRANGE", "k", start, end)).isEqualTo("$" + part.length() + " " + part);
            assertThat(send("SUBSTR", "k", start, end)).isEqualTo("$" + part.length() + " " + part);
        }

        @Test
        void see_an_integer_as_its_digits() {
            send("SET", "k", "-123");
            assertThat(send("GETRANGE", "k", "0", "1")).isEqualTo("$2 -1");
            assertThat(send("STRLEN", "k")).isEqualTo(":4");
        }

        @Test
        void answer_nothing_for_a_missing_key_and_check_numbers_first() {
            assertThat(send("GETRANGE", "k", "0", "-1")).isEqualTo("$0 ");
            assertThat(send("GETRANGE", "k", "0", "x")).isEqualTo(NOT_AN_INTEGER);
            assertThat(send("STRLEN", "k")).isEqualTo(":0");
        }
    }

    @Nested
    class Numbers {
        @Test
        void count_from_zero_and_keep_the_expiry() {
            assertThat(send("INCR", "k")).isEqualTo(":1");
            send("SET", "k", "41", "PX", "1000");
            assertThat(send("INCR", "k")).isEqualTo(":42");
            assertThat(send("DECR", "k")).isEqualTo(":41");
            assertThat(send("INCRBY", "k", "-50")).isEqualTo(":-9");
            assertThat(send("DECRBY", "k", "1")).isEqualTo(":-10");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 1000);
            assertThat(server.effectsOf("incr", "k")).containsExactly("incr k");
            assertThat(server.eventsOf("DECRBY", "k", "1")).containsExactly("incrby k");
        }

        @Test
        void refuse_to_overflow_and_change_nothing() {
            String overflow = "-ERR increment or decrement would overflow";
            send("SET", "k", "9223372036854775807");
            assertThat(send("INCR", "k")).isEqualTo(overflow);
            assertThat(send("DECRBY", "k", "-1")).isEqualTo(overflow);
            assertThat(send("DECRBY", "k", "-9223372036854775808")).isEqualTo("-ERR decrement would overflow");
            assertThat(send("GET", "k")).isEqualTo("$19 9223372036854775807");
            send("SET", "k", "-9223372036854775808");
            assertThat(send("DECR", "k")).isEqualTo(overflow);
            assertThat(send("INCRBY", "k", "9223372036854775807")).isEqualTo(":-1");
        }

        @Test
        void refuse_what_is_no_integer() {
            for (String value : new String[] {"abc", " 12", "012", "", "1.5", HUGE_VALUE}) {
                send("SET", "k", value);
                assertThat(send("INCR", "k")).isEqualTo(NOT_AN_INTEGER);
            }
            assertThat(send("INCRBY", "k", "x")).isEqualTo(NOT_AN_INTEGER);
        }

        @Test
        void are_found_in_a_raw_string_as_well() {
            send("APPEND", "k", "1");
            send("APPEND", "k", "2");
            assertThat(server.encoding("k")).isEqualTo("raw");
            assertThat(send("INCR", "k")).isEqualTo(":13");
            assertThat(server.encoding("k")).isEqualTo("int");
        }

        @Test
        void do_not_change_under_a_snapshot() {
            send("SET", "k", "1");
            send("SET", "large", HUGE_VALUE);
            server.keyspace().mode().enterExclusive();
            server.keyspace().beginSnapshot();
            server.keyspace().mode().leaveExclusive();
            assertThat(send("INCR", "k")).isEqualTo(":2");
            assertThat(send("INCR", "k")).isEqualTo(":3");
            assertThat(send("APPEND", "large", "z")).isEqualTo(":40001");
            assertThat(send("GETRANGE", "large", "-2", "-1")).isEqualTo("$2 yz");
            server.keyspace().mode().enterExclusive();
            server.keyspace().endSnapshot();
            server.keyspace().mode().leaveExclusive();
            assertThat(send("INCR", "k")).isEqualTo(":4");
        }
    }

    @Nested
    class Incrbyfloat {
        @Test
        void adds_in_decimal_and_leaves_a_string() {
            send("SET", "k", "10.50", "PX", "1000");
            assertThat(send("INCRBYFLOAT", "k", "0.1")).isEqualTo("$4 10.6");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 1000);
            send("SET", "k", "5.0e3");
            assertThat(send("INCRBYFLOAT", "k", "2.0e2")).isEqualTo("$4 5200");
            assertThat(server.encoding("k")).isEqualTo("embstr");
            send("SET", "k", "3");
            assertThat(send("INCRBYFLOAT", "k", "1.5")).isEqualTo("$3 4.5");
            assertThat(send("INCRBYFLOAT", "new", "-0.25")).isEqualTo("$5 -0.25");
        }

        @Test
        void logs_the_sum() {
            send("SET", "k", "3");
            assertThat(server.effectsOf("INCRBYFLOAT", "k", "1.5")).containsExactly("SET k 4.5 KEEPTTL");
            assertThat(server.eventsOf("INCRBYFLOAT", "k", "1")).containsExactly("incrbyfloat k");
        }

        @Test
        void refuses_what_is_no_float_and_what_would_be_none() {
            send("SET", "k", "abc");
            assertThat(send("INCRBYFLOAT", "k", "1")).isEqualTo("-ERR value is not a valid float");
            assertThat(send("INCRBYFLOAT", "q", "nan")).isEqualTo("-ERR value is not a valid float");
            assertThat(send("INCRBYFLOAT", "q", "inf")).isEqualTo("-ERR increment would produce NaN or Infinity");
            send("SET", "k", "");
            assertThat(send("INCRBYFLOAT", "k", "1")).isEqualTo("-ERR value is not a valid float");
            assertThat(send("GET", "q")).isEqualTo("$-1");
        }
    }

    @Nested
    class Delex_and_delifeq {
        @Test
        void delete_only_where_the_comparison_holds() {
            assertThat(send("DELEX", "k")).isEqualTo(":0");
            assertThat(send("DELIFEQ", "k", "1")).isEqualTo(":0");
            send("SET", "k", "1");
            assertThat(send("DELIFEQ", "k", "2")).isEqualTo(":0");
            assertThat(send("DELEX", "k", "IFEQ", "2")).isEqualTo(":0");
            assertThat(send("DELEX", "k", "IFNE", "1")).isEqualTo(":0");
            assertThat(server.effectsOf("DELEX", "k", "ifeq", "1")).containsExactly("DEL k");
            send("SET", "k", LONG_VALUE);
            assertThat(server.effectsOf("DELEX", "k", "IFNE", "1")).containsExactly("DEL k");
            send("SET", "k", LONG_VALUE);
            assertThat(server.eventsOf("DELIFEQ", "k", LONG_VALUE)).containsExactly("del k");
            send("SET", "k", "1");
            assertThat(send("DELEX", "k")).isEqualTo(":1");
            assertThat(send("GET", "k")).isEqualTo("$-1");
        }

        @Test
        void delex_needs_to_read_only_with_a_condition() {
            assertThat(server.form("DELEX", "k").readsToo).isFalse();
            assertThat(server.form("DELEX", "k").keyAccess(0)).isEqualTo(Form.WRITE);
            assertThat(server.form("DELEX", "k", "IFEQ", "v").readsToo).isTrue();
            assertThat(server.form("DELEX", "k", "IFEQ", "v").keyAccess(0)).isEqualTo(Form.READ | Form.WRITE);
        }

        @Test
        void delex_refuses_other_options() {
            assertThat(send("DELEX", "k", "IFEQ")).isEqualTo("-ERR wrong number of arguments for 'delex' command");
            assertThat(send("DELEX", "k", "NX", "v")).isEqualTo(SYNTAX);
        }
    }

    @Nested
    class Digests {
        @Test
        void are_16_hexadecimal_digits() {
            assertThat(send("DIGEST", "k")).isEqualTo("$-1");
            send("SET", "k", "Hello world");
            assertThat(send("DIGEST", "k")).isEqualTo("$16 b6acb9d84a38ff74");
            send("SET", "k", "12");
            String ofInteger = send("DIGEST", "k");
            send("SETRANGE", "k", "0", "12");
            assertThat(send("DIGEST", "k")).isEqualTo(ofInteger);
        }

        @Test
        void are_compared_by_set_and_delex() {
            assertThat(send("SET", "k", "v", "IFDEQ", "b6acb9d84a38ff74")).isEqualTo("$-1");
            assertThat(send("SET", "k", "Hello world", "IFDNE", "b6acb9d84a38ff74"))
                    .isEqualTo("+OK");
            assertThat(send("SET", "k", "v", "IFDNE", "b6acb9d84a38ff74")).isEqualTo("$-1");
            assertThat(send("DELEX", "k", "IFDEQ", "b6acb9d84a38ff75")).isEqualTo(":0");
            assertThat(send("DELEX", "k", "IFDEQ", "abc")).isEqualTo(":0");
            assertThat(send("DELEX", "k", "IFDEQ", "B6ACB9D84A38FF74")).isEqualTo(":1");
            assertThat(server.form("SET", "k", "v", "IFDNE", "0").readsToo).isTrue();
        }
    }

    @Nested
    class Lcs {
        @Test
        void finds_the_bytes_their_number_and_where_they_lie() {
            send("MSET", "x", "ohmytext", "y", "mynewtext");
            assertThat(send("LCS", "x", "y")).isEqualTo("$6 mytext");
            assertThat(send("LCS", "x", "y", "LEN")).isEqualTo(":6");
            assertThat(send("LCS", "x", "y", "IDX"))
                    .isEqualTo("*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6");
            assertThat(send("LCS", "x", "y", "IDX", "MINMATCHLEN", "4", "WITHMATCHLEN"))
                    .isEqualTo("*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6");
        }

        @Test
        void answers_a_map_in_resp3() {
            send("MSET", "x", "ab", "y", "b");
            server.session().setProtocol(3);
            assertThat(send("LCS", "x", "y", "IDX")).isEqualTo("%2 $7 matches *1 *2 *2 :1 :1 *2 :0 :0 $3 len :1");
        }

        @Test
        void takes_integers_and_missing_keys() {
            send("SET", "n", "1234");
            assertThat(send("LCS", "n", "n")).isEqualTo("$4 1234");
            assertThat(send("LCS", "n", "nosuch")).isEqualTo("$0 ");
            assertThat(send("LCS", "n", "nosuch", "IDX")).isEqualTo("*4 $7 matches *0 $3 len :0");
        }

        @Test
        void refuses_bad_options() {
            assertThat(send("LCS", "a", "b", "LEN", "IDX"))
                    .isEqualTo("-ERR If you want both the length and indexes, please just use IDX.");
            assertThat(send("LCS", "a", "b", "FOO")).isEqualTo(SYNTAX);
            assertThat(send("LCS", "a", "b", "MINMATCHLEN")).isEqualTo(SYNTAX);
            assertThat(send("LCS", "a", "b", "MINMATCHLEN", "x")).isEqualTo(NOT_AN_INTEGER);
        }

        @Test
        void refuses_what_would_take_too_much_memory() {
            send("SET", "a", HUGE_VALUE);
            assertThat(send("LCS", "a", "a"))
                    .isEqualTo("-ERR Insufficient memory, failed allocating transient memory for LCS");
        }
    }

    @Test
    void commands_that_read_what_they_change_say_so() {
        var readingToo = server.table().commands().stream()
                .filter(CommandSpec::alwaysReadsToo)
                .map(CommandSpec::name)
                .toList();
        assertThat(readingToo)
                .containsExactlyInAnyOrder("getset", "getdel", "getex", "incrby", "decrby", "incrbyfloat", "delifeq");
        var sometimes = server.table().commands().stream()
                .filter(CommandSpec::sometimesReadsToo)
                .map(CommandSpec::name)
                .toList();
        assertThat(sometimes).isEqualTo(List.of("set", "delex"));
    }
}

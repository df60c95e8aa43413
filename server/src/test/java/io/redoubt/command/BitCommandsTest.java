package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class BitCommandsTest {
    private static final int VALUE_BYTES_MAX = 1 << 20;

    private final CommandFixture server =
            new CommandFixture(new BitCommands(() -> VALUE_BYTES_MAX), new StringCommands(() -> VALUE_BYTES_MAX));

    @Nested
    class Setbit {
        @Test
        void makes_a_string_that_ends_with_the_bit() {
            assertThat(server.send("SETBIT", "k", "9", "1")).isEqualTo(":0");
            assertThat(server.send("GET", "k")).isEqualTo("$2 \u0000@");
            assertThat(server.send("SETBIT", "k", "9", "0")).isEqualTo(":1");
        }

        @Test
        void works_on_the_digits_of_an_integer_which_is_a_string_from_then_on() {
            server.send("SET", "k", "12");
            assertThat(server.send("GETBIT", "k", "2")).isEqualTo(":1");
            assertThat(server.encoding("k")).isEqualTo("int");
            assertThat(server.send("SETBIT", "k", "7", "0")).isEqualTo(":1");
            assertThat(server.send("GET", "k")).isEqualTo("$2 02");
            assertThat(server.encoding("k")).isEqualTo("raw");
        }

        @Test
        void is_neither_logged_nor_announced_where_it_changes_nothing() {
            server.send("SETBIT", "k", "9", "1");
            assertThat(server.eventsOf("SETBIT", "k", "9", "1")).isEmpty();
            assertThat(server.effectsOf("SETBIT", "k", "9", "1")).isEmpty();
            assertThat(server.effectsOf("SETBIT", "k", "9", "0")).containsExactly("SETBIT k 9 0");
            assertThat(server.eventsOf("SETBIT", "k", "9", "1")).containsExactly("setbit k");
            assertThat(server.eventsOf("SETBIT", "k", "80", "0")).containsExactly("setbit k");
        }

        @Test
        void keeps_the_expiry() {
            server.send("SET", "k", "value", "PXAT", "1800000000000");
            server.send("SETBIT", "k", "7", "1");
            server.send("SETBIT", "k", "400000", "1");
            assertThat(server.expiry("k")).isEqualTo(1_800_000_000_000L);
        }

        @Test
        void changes_a_large_string_where_it_stands() {
            server.send("SETBIT", "k", "8000000", "1");
            for (int bit = 0; bit < 100; bit++) {
                assertThat(server.send("SETBIT", "k", "" + bit * 8000, "1")).isEqualTo(":0");
            }
            assertThat(server.send("BITCOUNT", "k")).isEqualTo(":101");
            assertThat(server.send("BITPOS", "k", "1", "99001")).isEqualTo(":8000000");
        }

        @Test
        void leaves_what_a_snapshot_may_still_read() {
            server.send("SET", "k", "x".repeat(100));
            server.send("SET", "large", "x".repeat(100_000));
            var snapshot = server.keyspace().beginSnapshot();
            assertThat(snapshot).isNotNull();
            for (String key : new String[] {"k", "large"}) {
                server.send("SETBIT", key, "0", "1");
                server.send("SETBIT", key, "1", "0");
                assertThat(server.send("GETRANGE", key, "0", "1")).isEqualTo("$2 \u00B8x");
            }
            server.keyspace().endSnapshot();
            server.keyspace().checkInvariants();
        }

        @ParameterizedTest
        @CsvSource({
            "-1, 1, bit offset",
            "x, 1, bit offset",
            "#1, 1, bit offset",
            "8388608, 1, bit offset",
            "0, 2, bit",
            "0, -1, bit",
            "0, x, bit"
        })
        void refuses_what_is_no_bit(String offset, String value, String what) {
            assertThat(server.send("SETBIT", "k", offset, value))
                    .isEqualTo("-ERR " + what + " is not an integer or out of range");
            assertThat(server.encoding("k")).isEqualTo("none");
        }
    }

    @Nested
    class Bitop {
        private void fill() {
            server.send("SET", "x", "\u00F0\u00CC");
            server.send("SET", "y", "\u00AA");
            server.send("SET", "z", "\u0081\u00FF\u0001");
        }

        @ParameterizedTest
        @CsvSource({
            "DIFF, 50 00 00",
            "DIFF1, 0b 33 01",
            "ANDOR, a0 cc 00",
            "ONE, 5b 33 01",
            "one, 5b 33 01",
            "AND, 80 00 00",
            "OR, fb ff 01",
            "XOR, db 33 01"
        })
        void combines_three_strings(String operation, String bytes) {
            fill();
            assertThat(server.send("BITOP", operation, "d", "x", "y", "z")).isEqualTo(":3");
            var expected = new StringBuilder("$3 ");
            for (String hex : bytes.split(" ")) {
                expected.append((char) Integer.parseInt(hex, 16));
            }
            assertThat(server.send("GET", "d")).isEqualTo(expected.toString());
        }

        @Test
        void of_later_versions_is_logged_by_its_result() {
            fill();
            assertThat(server.effectsOf("BITOP", "DIFF", "d", "y", "x")).containsExactly("SET d \n\u0000");
            assertThat(server.effectsOf("BITOP", "ONE", "d", "none")).containsExactly("DEL d");
            assertThat(server.effectsOf("BITOP", "ONE", "d", "none")).isEmpty();
            assertThat(server.effectsOf("BITOP", "NOT", "d", "y")).containsExactly("BITOP NOT d y");
            assertThat(server.effectsOf("BITOP", "NOT", "d", "none")).containsExactly("BITOP NOT d none");
        }

        @ParameterizedTest
        @ValueSource(strings = {"DIFF", "DIFF1", "ANDOR"})
        void needs_something_to_compare_with(String operation) {
            assertThat(server.send("BITOP", operation.toLowerCase(), "d", "x"))
                    .isEqualTo("-ERR BITOP " + operation + " must be called with at least two source keys.");
        }

        @Test
        void raises_the_events_of_set_and_del() {
            fill();
            assertThat(server.eventsOf("BITOP", "AND", "d", "x", "y")).containsExactly("new d", "set d");
            assertThat(server.eventsOf("BITOP", "AND", "d", "none")).containsExactly("keymiss none", "del d");
            assertThat(server.eventsOf("BITOP", "AND", "d", "none")).containsExactly("keymiss none");
        }

        @ParameterizedTest(name = "seed {0}")
        @ValueSource(longs = {1, 2})
        void of_later_versions_does_to_every_bit_what_its_name_says(long seed) {
            var random = new SplittableRandom(seed);
            for (int round = 0; round < 100; round++) {
                int sources = random.nextInt(2, 6);
                var request = new String[3 + sources];
                var values = new String[sources];
                for (int i = 0; i < sources; i++) {
                    var value = new StringBuilder();
                    int length = random.nextInt(20) == 0 ? 33_000 : random.nextInt(30);
                    for (int j = 0; j < length; j++) {
                        value.append((char) random.nextInt(256));
                    }
                    values[i] = value.toString();
                    request[3 + i] = "s" + i;
                    server.send("SET", "s" + i, values[i]);
                }
                request[0] = "BITOP";
                request[1] = new String[] {"DIFF", "DIFF1", "ANDOR", "ONE"}[random.nextInt(4)];
                request[2] = random.nextBoolean() ? "d" : "s0";
                int length = Integer.parseInt(server.send(request).substring(1));
                String result = server.raw("GET", request[2]);
                int start = result.indexOf('\n') + 1;
                for (long bit = 0; bit < 8L * length; bit++) {
                    int others = 0;
                    for (int i = 1; i < sources; i++) {
                        others += bit(values[i], bit);
                    }
                    int first = bit(values[0], bit);
                    boolean isSet = switch (request[1]) {
                        case "DIFF" -> first == 1 && others == 0;
                        case "DIFF1" -> first == 0 && others > 0;
                        case "ANDOR" -> first == 1 && others > 0;
                        default -> first + others == 1;
                    };
                    if (bit(result, bit + 8L * start) != (isSet ? 1 : 0)) {
                        throw new AssertionError(request[1] + " is wrong at bit " + bit);
                    }
                }
            }
        }

        private static int bit(String text, long bit) {
            int index = (int) (bit / 8);
            return index < text.length() ? text.charAt(index) >> 7 - bit % 8 & 1 : 0;
        }
    }

    @Nested
    class Bitfield {
        @Test
        void runs_its_operations_in_order_and_counts_those_that_changed_something() {
            assertThat(server.send(
                            "BITFIELD", "k", "SET", "u8", "#1", "200", "INCRBY", "u8", "8", "60", "GET", "i8", "8"))
                    .isEqualTo("*3 :0 :4 :4");
            assertThat(server.effectsOf("BITFIELD", "k", "SET", "u8", "0", "7"))
                    .containsExactly("BITFIELD k SET u8 0 7");
            assertThat(server.effectsOf("BITFIELD", "k", "SET", "u8", "0", "7")).isEmpty();
            assertThat(server.eventsOf("BITFIELD", "k", "SET", "u8", "0", "8", "SET", "u8", "8", "1"))
                    .containsExactly("setbit k");
        }

        @Test
        void lets_what_does_not_fit_wrap_or_stop_or_fail() {
            assertThat(server.send("BITFIELD", "k", "SET", "u2", "0", "3", "INCRBY", "u2", "0", "1"))
                    .isEqualTo("*2 :0 :0");
            assertThat(server.send("BITFIELD", "k", "OVERFLOW", "SAT", "INCRBY", "u2", "0", "9"))
                    .isEqualTo("*1 :3");
            assertThat(server.send("BITFIELD", "k", "OVERFLOW", "FAIL", "INCRBY", "u2", "0", "1"))
                    .isEqualTo("*1 $-1");
            assertThat(server.send("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", "0", "-129", "GET", "i8", "0"))
                    .isEqualTo("*2 :-64 :-128");
        }

        @Test
        void takes_a_very_low_number_for_a_high_one_as_redis_does() {
            String lowest = Long.toString(Long.MIN_VALUE);
            assertThat(server.send("BITFIELD", "k", "OVERFLOW", "SAT", "SET", "i8", "0", lowest, "GET", "i8", "0"))
                    .isEqualTo("*2 :0 :127");
        }

        @Test
        void that_only_reads_makes_no_key() {
            assertThat(server.send("BITFIELD", "k", "GET", "u8", "100")).isEqualTo("*1 :0");
            assertThat(server.send("BITFIELD", "k")).isEqualTo("*0");
            assertThat(server.encoding("k")).isEqualTo("none");
        }

        @ParameterizedTest
        @CsvSource({
            "GET u8 0, 1",
            "GET u8 0 OVERFLOW SAT GET u8 8, 1",
            "OVERFLOW SAT, 1",
            "GET u8 0 SET u8 0 1, 3",
            "INCRBY u8 0 1, 3",
            "GET u8 0 FOO, 3",
            "SET u8 0, 3"
        })
        void needs_the_key_to_be_readable_and_writable_unless_it_only_reads(String operations, int access) {
            var form = server.form(("BITFIELD k " + operations).split(" "));
            assertThat(form.keyCount()).isEqualTo(1);
            assertThat(form.keyAccess(0)).isEqualTo(access);
        }

        @Test
        void of_the_reading_kind_writes_nothing() {
            server.send("SET", "k", "a");
            assertThat(server.send("BITFIELD_RO", "k", "GET", "u8", "0")).isEqualTo("*1 :97");
            assertThat(server.send("BITFIELD_RO", "k", "GET", "u8", "0", "SET", "u8", "0", "1"))
                    .isEqualTo("-ERR BITFIELD_RO only supports the GET subcommand");
            assertThat(server.send("GET", "k")).isEqualTo("$1 a");
        }
    }
}

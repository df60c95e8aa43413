package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Fields of hashes that expire, with a clock that stands until the test moves it. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HashFieldCommandsTest {
    private static final String NIL = "$-1";

    private final CommandFixture server = server();

    private static CommandFixture server() {
        return new CommandFixture(
                new HashCommands(),
                new HashFieldCommands(),
                new CounterCommands(),
                new ListCommands(),
                new KeyCommands(new StubGate(null), 16, () -> false),
                new StringCommands(() -> 1 << 29));
    }

    private String send(String words) {
        return server.send(words.split(" "));
    }

    /** A hash of so many more fields, which do not expire. */
    private void fill(int more) {
        if (more > 0) {
            var fields = IntStream.range(0, more).mapToObj(i -> "more" + i).flatMap(name -> Stream.of(name, name));
            assertThat(server.send(Stream.concat(Stream.of("HSET", "h"), fields).toArray(String[]::new)))
                    .isEqualTo(":" + more);
        }
    }

    @ParameterizedTest(name = "beside {0} other fields")
    @ValueSource(ints = {1, 200, 2000})
    void a_field_is_there_until_its_time_and_then_gone_for_every_command(int others) {
        fill(others);
        send("HSET h a 1 b 2 c 3");
        assertThat(send("HPEXPIRE h 1000 FIELDS 3 a b nobody")).isEqualTo("*3 :1 :1 :-2");
        assertThat(send("HPTTL h FIELDS 4 a b c nobody")).isEqualTo("*4 :1000 :1000 :-1 :-2");
        assertThat(send("HPEXPIRETIME h FIELDS 1 a")).isEqualTo("*1 :" + (server.nowMillis + 1000));
        assertThat(send("HEXPIRETIME h FIELDS 1 a")).isEqualTo("*1 :" + (server.nowMillis / 1000 + 1));
        assertThat(server.encoding("h")).isEqualTo(others > 512 ? "hashtable" : "listpackex");
        server.nowMillis += 999;
        assertThat(send("HGET h a")).isEqualTo("$1 1");
        assertThat(send("HTTL h FIELDS 1 a")).isEqualTo("*1 :1");
        server.nowMillis += 1;
        server.takeEffects();
        assertThat(send("HGET h a")).isEqualTo(NIL);
        assertThat(server.takeEffects()).allMatch(effect -> effect.startsWith("HDEL h "));
        assertThat(send("HMGET h a b c")).isEqualTo("*3 $-1 $-1 $1 3");
        assertThat(send("HEXISTS h b")).isEqualTo(":0");
        assertThat(send("HSTRLEN h b")).isEqualTo(":0");
        assertThat(send("HDEL h a b")).isEqualTo(":0");
        assertThat(send("HTTL h FIELDS 2 a c")).isEqualTo("*2 :-2 :-1");
        assertThat(send("HGETALL h")).startsWith("*" + (2 * others + 2) + " ").doesNotContain("$1 a");
        assertThat(send("HRANDFIELD h 5000")).startsWith("*" + (others + 1) + " ");
        assertThat(send("HSCAN h 0 COUNT 5000")).contains("*" + (2 * others + 2) + " ");
        assertThat(send("HSETNX h a 5")).isEqualTo(":1");
        assertThat(send("HINCRBY h b 5")).isEqualTo(":5");
        assertThat(send("HTTL h FIELDS 2 a b")).isEqualTo("*2 :-1 :-1");
        server.keyspace().checkInvariants();
    }

    @Test
    void the_key_goes_with_its_last_field() {
        send("HSET h a 1 b 2");
        send("HPEXPIRE h 10 FIELDS 2 a b");
        server.nowMillis += 10;
        server.takeEffects();
        assertThat(server.eventsOf("EXISTS", "h")).containsExactly("hexpired h", "del h", "keymiss h");
        assertThat(server.takeEffects()).containsExactly("HDEL h a b");
        assertThat(send("TYPE h")).isEqualTo("+none");
        assertThat(server.keyspace().expiredFields()).isEqualTo(2);
        assertThat(server.keyspace().fieldExpiryCount(0)).isZero();
    }

    @ParameterizedTest(name = "{0} {1} with {2}: {3}")
    @CsvSource({
        "100, NX, 50, :0",
        "100, XX, 50, :1",
        "100, GT, 50, :0",
        "100, GT, 100, :0",
        "100, GT, 101, :1",
        "100, LT, 50, :1",
        "100, LT, 100, :0",
        "0, NX, 50, :1",
        "0, XX, 50, :0",
        "0, GT, 50, :0",
        "0, LT, 50, :1"
    })
    void conditions_compare_with_the_present_time(int present, String condition, int wanted, String answer) {
        send("HSET h f v");
        if (present > 0) {
            send("HPEXPIRE h " + present + " FIELDS 1 f");
        }
        assertThat(send("HPEXPIRE h " + wanted + " " + condition + " FIELDS 1 f"))
                .isEqualTo("*1 " + answer);
        assertThat(send("HPTTL h FIELDS 1 f"))
                .isEqualTo("*1 :" + (answer.equals(":1") ? wanted : present == 0 ? -1 : present));
    }

    @Test
    void what_is_past_deletes_and_effects_name_times() {
        send("HSET h a 1 b 2 c 3");
        long at = server.nowMillis + 5000;
        assertThat(server.effectsOf("HEXPIRE", "h", "5", "FIELDS", "3", "a", "x", "c"))
                .containsExactly("HPEXPIREAT h " + at + " FIELDS 2 a c");
        assertThat(server.effectsOf("HPERSIST", "h", "FIELDS", "3", "a", "b", "x"))
                .containsExactly("HPERSIST h FIELDS 1 a");
        assertThat(server.effectsOf("HPERSIST", "h", "FIELDS", "1", "b")).isEmpty();
        assertThat(send("HEXPIREAT h 1 FIELDS 2 a x")).isEqualTo("*2 :2 :-2");
        assertThat(server.takeEffects()).containsExactly("HDEL h a");
        assertThat(server.effectsOf("HGETEX", "h", "PX", "7000", "FIELDS", "2", "b", "x"))
                .containsExactly("HPEXPIREAT h " + (server.nowMillis + 7000) + " FIELDS 1 b");
        assertThat(server.effectsOf("HGETEX", "h", "PERSIST", "FIELDS", "1", "b"))
                .containsExactly("HPERSIST h FIELDS 1 b");
        assertThat(server.effectsOf("HGETEX", "h", "FIELDS", "1", "b")).isEmpty();
        assertThat(server.effectsOf("HSETEX", "h", "FNX", "EX", "5", "FIELDS", "1", "d", "4"))
                .containsExactly("HSETEX h PXAT " + at + " FIELDS 1 d 4");
        assertThat(server.effectsOf("HINCRBYFLOAT", "h", "d", "0.5"))
                .containsExactly("HSETEX h KEEPTTL FIELDS 1 d 4.5");
        assertThat(server.effectsOf("HSETEX", "h", "FIELDS", "1", "d", "4")).containsExactly("HSET h d 4");
        assertThat(server.effectsOf("HGETDEL", "h", "FIELDS", "3", "b", "x", "b"))
                .containsExactly("HDEL h b");
        assertThat(server.eventsOf("HGETEX", "h", "EX", "0", "FIELDS", "2", "c", "d"))
                .containsExactly("hdel h", "del h");
        assertThat(send("EXISTS h")).isEqualTo(":0");
    }

    @Test
    void setting_a_value_ends_the_time_unless_it_is_kept() {
        send("HSET h a 1 b 2");
        send("HEXPIRE h 100 FIELDS 2 a b");
        send("HSET h a 5");
        send("HINCRBY h b 5");
        assertThat(send("HTTL h FIELDS 2 a b")).isEqualTo("*2 :-1 :100");
        assertThat(send("HSETEX h KEEPTTL FIELDS 1 b 9")).isEqualTo(":1");
        assertThat(send("HTTL h FIELDS 1 b")).isEqualTo("*1 :100");
        assertThat(send("HSETEX h FXX EX 7 FIELDS 2 a 1 z 2")).isEqualTo(":0");
        assertThat(send("HSETEX h FXX EX 7 FIELDS 2 a 1 b 2")).isEqualTo(":1");
        assertThat(send("HTTL h FIELDS 2 a b")).isEqualTo("*2 :7 :7");
        assertThat(send("HSETEX nokey FXX FIELDS 1 a 1")).isEqualTo(":0");
        assertThat(send("HSETEX h FNX FIELDS 2 y 1 a 1")).isEqualTo(":0");
        assertThat(send("HSETEX h EX 0 FIELDS 2 a 1 b 1")).isEqualTo(":1");
        assertThat(send("EXISTS h")).isEqualTo(":0");
    }

    @Test
    void times_go_with_the_value_to_other_keys() {
        send("HSET h a 1 b 2");
        send("HEXPIRE h 100 FIELDS 1 a");
        send("COPY h copy");
        send("RENAME h renamed");
        assertThat(send("HTTL copy FIELDS 2 a b")).isEqualTo("*2 :100 :-1");
        assertThat(send("HTTL renamed FIELDS 2 a b")).isEqualTo("*2 :100 :-1");
        assertThat(server.keyspace().fieldExpiryCount(0)).isEqualTo(2);
        send("DEL copy");
        send("SET renamed x");
        assertThat(server.keyspace().fieldExpiryCount(0)).isZero();
        server.keyspace().checkInvariants();
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            value = {
                "HEXPIRE s 1 FIELDS 1 a|WRONGTYPE Operation against a key holding the wrong kind of value",
                "HEXPIRE h x FIELDS 1 a|ERR value is not an integer or out of range",
                "HEXPIRE h -1 FIELDS 1 a|ERR invalid expire time, must be >= 0",
                "HEXPIRE h 99999999999999 FIELDS 1 a|ERR invalid expire time in 'hexpire' command",
                "HEXPIRE h 1 FIELDS 0 a|ERR Parameter `numFields` should be greater than 0",
                "HEXPIRE h 1 FIELDS 2 a|ERR wrong number of arguments",
                "HEXPIRE h 1 FIELDS 1 a b|ERR unknown argument: b",
                "HEXPIRE h 1 NX XX FIELDS 1 a|ERR Multiple condition flags specified",
                "HEXPIRE h 1 NX NX NX|ERR missing FIELDS argument",
                "HEXPIRE h 1 FIELDS 1 a FIELDS 1 b|ERR FIELDS keyword specified multiple times",
                "HTTL h NX 1 a|ERR Mandatory argument FIELDS is missing or not at the right position",
                "HPERSIST h FIELDS 0 a|ERR Number of fields must be a positive integer",
                "HGETDEL h FIELDS 2 a|ERR The `numfields` parameter must match the number of arguments",
                "HGETEX h FIELDS 2 a|ERR wrong number of arguments for 'hgetex' command",
                "HGETEX h FIELDS 0 a|ERR invalid number of fields",
                "HGETEX h EX 1 PERSIST FIELDS 1 a|ERR Only one of EX, PX, EXAT, PXAT or PERSIST arguments can be specified",
                "HSETEX h FIELDS 2 a b c|ERR wrong number of arguments for 'hsetex' command",
                "HSETEX h FNX FXX FIELDS 1 a b|ERR Only one of FXX or FNX arguments can be specified",
                "HSETEX h EX 1 KEEPTTL FIELDS 1 a b|ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified",
                "HSETEX h 1 FIELDS 1 a b|ERR unknown argument: 1",
                "HSETEX h FIELDS 1 a b EX|ERR missing expire time"
            })
    void mistakes_are_answered_as_redis_8_does_and_change_nothing(String request, String error) {
        send("HSET h a 1");
        send("SET s 1");
        server.takeEffects();
        assertThat(send(request)).isEqualTo("-" + error);
        assertThat(server.takeEffects()).isEmpty();
        assertThat(send("HGETALL h")).isEqualTo("*2 $1 a $1 1");
    }

    /** What replicates is enough for another server that deletes nothing by itself, however its own clock runs. */
    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void effects_make_the_same_hashes_on_a_replica(long seed) {
        var random = new SplittableRandom(seed);
        var replica = server();
        replica.session().setMaster(true);
        for (int step = 0; step < 1_500; step++) {
            server.nowMillis += random.nextInt(3) == 0 ? random.nextInt(40) : 0;
            replica.nowMillis = server.nowMillis + random.nextInt(-500, 500);
            send(anyRequest(random));
            for (var effect : server.takeEffects()) {
                if (!effect.equals("MULTI") && !effect.equals("EXEC")) {
                    assertThat(replica.send(effect.split(" "))).as(effect).doesNotStartWith("-");
                }
            }
        }
        replica.session().setMaster(false); // To see replies; it sees what its own clock says.
        replica.nowMillis = server.nowMillis;
        for (String key : List.of("h", "g")) {
            send("HLEN " + key); // What has expired goes, here and there.
            for (var effect : server.takeEffects()) {
                replica.send(effect.split(" "));
            }
            for (String request : List.of("HLEN " + key, "HPEXPIRETIME " + key + " FIELDS 6 a b c d e f")) {
                assertThat(replica.send(request.split(" "))).isEqualTo(send(request));
            }
            for (String field : List.of("a", "b", "c", "d", "e", "f")) {
                assertThat(replica.send("HGET", key, field)).isEqualTo(send("HGET " + key + " " + field));
            }
        }
    }

    private static String anyRequest(SplittableRandom random) {
        String key = random.nextInt(4) == 0 ? "g" : "h";
        String field = "" + (char) ('a' + random.nextInt(6));
        String other = "" + (char) ('a' + random.nextInt(6));
        int number = random.nextInt(100);
        String two = " FIELDS 2 " + field + " " + other;
        return switch (random.nextInt(17)) {
            case 0 -> "HSET " + key + " " + field + " " + number;
            case 1 -> "HSETNX " + key + " " + field + " " + number;
            case 2 -> "HINCRBY " + key + " " + field + " " + number;
            case 3 -> "HINCRBYFLOAT " + key + " " + field + " 0.5";
            case 4 -> "HDEL " + key + " " + field;
            case 5 -> "HGET " + key + " " + field;
            case 6 -> "HPERSIST " + key + two;
            case 7 -> "HGETEX " + key + " PX " + number + two;
            case 8 -> "HGETEX " + key + " PERSIST" + two;
            case 9 -> "HGETDEL " + key + " FIELDS 1 " + field;
            case 10 -> "HSETEX " + key + " PX " + number + " FIELDS 2 " + field + " 1 " + other + " 2";
            case 11 -> "HSETEX " + key + " FXX KEEPTTL FIELDS 1 " + field + " " + number;
            case 12 -> "HSETEX " + key + " FNX PX " + number + " FIELDS 1 " + field + " " + number;
            case 13 -> random.nextInt(8) == 0 ? "RENAME h g" : "COPY g h";
            default -> "HPEXPIRE " + key + " " + number + (number % 3 == 0 ? " GT" : "") + two;
        };
    }

    @Test
    void missing_keys_have_no_fields() {
        assertThat(send("HEXPIRE no 1 FIELDS 2 a b")).isEqualTo("*2 :-2 :-2");
        assertThat(send("HTTL no FIELDS 2 a b")).isEqualTo("*2 :-2 :-2");
        assertThat(send("HPERSIST no FIELDS 1 a")).isEqualTo("*1 :-2");
        assertThat(send("HGETEX no EX 5 FIELDS 2 a b")).isEqualTo("*2 $-1 $-1");
        assertThat(send("HGETDEL no FIELDS 1 a")).isEqualTo("*1 $-1");
    }

    // ---- INCREX and LMOVEM ----

    @Test
    void increx_counts_within_bounds_and_until_a_time() {
        assertThat(send("INCREX k")).isEqualTo("*2 :1 :1");
        assertThat(server.effectsOf("INCREX", "k", "BYINT", "5", "EX", "60", "ENX"))
                .containsExactly("SET k 6 PXAT " + (server.nowMillis + 60_000));
        assertThat(send("INCREX k BYINT 5 UBOUND 10")).isEqualTo("*2 :6 :0");
        assertThat(send("INCREX k BYINT 5 UBOUND 10 SATURATE EX 100 ENX")).isEqualTo("*2 :10 :4");
        assertThat(send("INCREX k BYINT -50 LBOUND 0 SATURATE PERSIST")).isEqualTo("*2 :0 :-10");
        assertThat(send("INCREX k BYINT 9223372036854775807"))
                .isEqualTo("*2 :9223372036854775807 :9223372036854775807");
        assertThat(send("INCREX k")).isEqualTo("*2 :9223372036854775807 :0");
        assertThat(send("SET f 1.5")).isEqualTo("+OK");
        assertThat(send("INCREX f BYFLOAT 0.25")).isEqualTo("*2 $4 1.75 $4 0.25");
        assertThat(send("INCREX f BYFLOAT 9 UBOUND 2 SATURATE")).isEqualTo("*2 $1 2 $4 0.25");
        assertThat(send("INCREX none BYINT 9 UBOUND 5")).isEqualTo("*2 :0 :0");
        assertThat(send("EXISTS none")).isEqualTo(":0");
        assertThat(send("INCREX k ENX")).isEqualTo("-ERR ENX flag requires an expiration");
        assertThat(send("INCREX k LBOUND 5 UBOUND 1")).isEqualTo("-ERR LBOUND can't be greater than UBOUND");
        assertThat(send("INCREX k EX 0")).isEqualTo("-ERR invalid expire time in 'increx' command");
        assertThat(send("INCREX k BYINT 1 BYFLOAT 1")).isEqualTo("-ERR syntax error");
        assertThat(send("INCREX f")).isEqualTo("*2 :3 :1");
        send("SET t text");
        assertThat(send("INCREX t")).isEqualTo("-ERR value is not an integer or out of range");
        assertThat(send("INCREX t BYFLOAT 1")).isEqualTo("-ERR value is not a valid float");
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource({
        "LEFT RIGHT COUNT 3 OBO, 1 2 3, 4, x 1 2 3",
        "LEFT LEFT COUNT 3 OBO, 3 2 1, 4, 3 2 1 x",
        "LEFT LEFT COUNT 3 BULK, 1 2 3, 4, 1 2 3 x",
        "RIGHT RIGHT COUNT 3 OBO, 4 3 2, 1, x 4 3 2",
        "RIGHT RIGHT EXACTLY 3 BULK, 2 3 4, 1, x 2 3 4",
        "RIGHT LEFT COUNT 9 OBO, 1 2 3 4, '', 1 2 3 4 x",
        "LEFT RIGHT, 1, 2 3 4, x 1"
    })
    void lmovem_answers_in_the_order_of_the_destination(String how, String moved, String left, String target) {
        send("RPUSH from 1 2 3 4");
        send("RPUSH to x");
        assertThat(send("LMOVEM from to " + how)).isEqualTo(array(moved));
        assertThat(send("LRANGE from 0 -1")).isEqualTo(array(left));
        assertThat(send("LRANGE to 0 -1")).isEqualTo(array(target));
    }

    private static String array(String words) {
        if (words.isEmpty()) {
            return "*0";
        }
        var reply = new StringBuilder("*" + words.split(" ").length);
        for (String word : words.split(" ")) {
            reply.append(" $").append(word.length()).append(' ').append(word);
        }
        return reply.toString();
    }

    @Test
    void lmovem_tells_replicas_in_words_that_they_know() {
        send("RPUSH k 1 2 3");
        assertThat(server.effectsOf("LMOVEM", "k", "k", "LEFT", "LEFT", "COUNT", "2", "OBO"))
                .containsExactly("MULTI", "LSET k 0 2", "LSET k 1 1", "EXEC");
        assertThat(server.effectsOf("LMOVEM", "k", "k", "RIGHT", "LEFT", "COUNT", "2", "OBO"))
                .containsExactly("MULTI", "LPUSH k 3 1", "LTRIM k 0 -3", "EXEC");
        assertThat(send("LRANGE k 0 -1")).isEqualTo("*3 $1 1 $1 3 $1 2");
        assertThat(server.effectsOf("BLMOVEM", "k", "d", "LEFT", "RIGHT", "0", "COUNT", "9", "BULK"))
                .containsExactly("MULTI", "RPUSH d 1 3 2", "LTRIM k 3 -1", "EXEC");
    }

    @Test
    void lmovem_moves_all_or_nothing_where_a_number_is_exact() {
        send("RPUSH from 1 2 3 4");
        assertThat(send("LMOVEM from to LEFT LEFT EXACTLY 5 OBO")).isEqualTo("*-1");
        assertThat(send("LMOVEM from from LEFT RIGHT COUNT 2 BULK")).isEqualTo("*2 $1 1 $1 2");
        assertThat(send("LRANGE from 0 -1")).isEqualTo("*4 $1 3 $1 4 $1 1 $1 2");
        assertThat(send("LMOVEM none to LEFT LEFT COUNT 5 OBO")).isEqualTo("*0");
        assertThat(send("LMOVEM from to LEFT LEFT COUNT 5")).isEqualTo("-ERR syntax error");
        assertThat(send("LMOVEM from to LEFT LEFT COUNT 0 OBO")).isEqualTo("-ERR count should be greater than 0");
        assertThat(send("EXISTS to")).isEqualTo(":0");
    }
}

package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is newer than Redis 7.0 in consumer groups, and what replicas are told. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StreamGroupCommandsTest {
    private static final String TIME = " TIME 1700000000000 RETRYCOUNT ";

    private final CommandFixture ours =
            new CommandFixture(new StreamCommands(), new StreamGroupCommands(), new StreamInfoCommands());

    /** Entries 1 to 5; group g has read 1 to 4 and acknowledged 1 and 2, group h has read 1 to 3 and acknowledged 1. */
    @BeforeEach
    void fill() {
        for (int i = 1; i <= 5; i++) {
            ours.send("XADD", "s", i + "-0", "f", "v");
        }
        ours.send("XGROUP", "CREATE", "s", "g", "0");
        ours.send("XGROUP", "CREATE", "s", "h", "0");
        ours.send("XREADGROUP", "GROUP", "g", "c", "COUNT", "4", "STREAMS", "s", ">");
        ours.send("XREADGROUP", "GROUP", "h", "c", "COUNT", "3", "STREAMS", "s", ">");
        ours.send("XACK", "s", "g", "1-0", "2-0");
        ours.send("XACK", "s", "h", "1-0");
        ours.takeEffects();
    }

    private String send(String request) {
        return ours.send(request.split(" "));
    }

    private List<String> effectsOf(String request) {
        return ours.effectsOf(request.split(" "));
    }

    private String pending(String group) {
        return send("XPENDING s " + group);
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                "XDELEX s IDS 2 1-0 9-0 | *2 :1 :-1",
                "XDELEX s KEEPREF IDS 1 3-0 | *1 :1",
                "XDELEX s IDS 1 3-0 DELREF | *1 :1",
                "XDELEX s ACKED IDS 6 1-0 2-0 3-0 4-0 5-0 6-0 | *6 :1 :2 :2 :2 :2 :-1",
                "XDELEX none IDS 2 1-0 2-0 | *2 :-1 :-1",
                "XACKDEL s g IDS 3 3-0 1-0 9-0 | *3 :1 :-1 :-1",
                "XACKDEL s g ACKED IDS 1 3-0 | *1 :2",
                "XACKDEL s g DELREF IDS 1 3-0 | *1 :1",
                "XACKDEL s none IDS 1 3-0 | *1 :-1",
                "XACKDEL none g IDS 1 3-0 | *1 :-1"
            })
    void tell_of_each_id_what_became_of_it(String request, String reply) {
        assertThat(send(request)).isEqualTo(reply);
    }

    @Test
    void delref_forgets_an_entry_in_every_group_and_keepref_does_not() {
        assertThat(effectsOf("XDELEX s KEEPREF IDS 1 2-0")).containsExactly("XDEL s 2-0");
        assertThat(pending("h")).contains("2-0");
        assertThat(effectsOf("XDELEX s DELREF IDS 2 2-0 3-0"))
                .containsExactlyInAnyOrder(
                        "MULTI", "XACK s h 2-0", "XACK s g 3-0", "XACK s h 3-0", "XDEL s 3-0", "EXEC");
        assertThat(pending("h")).isEqualTo("*4 :0 $-1 $-1 *-1");
        assertThat(pending("g")).startsWith("*4 :1 $3 4-0");
    }

    @Test
    void trimming_minds_groups_when_it_is_told_to() {
        assertThat(send("XTRIM s MAXLEN 0 ACKED")).isEqualTo(":1");
        assertThat(send("XLEN s")).isEqualTo(":4");
        assertThat(effectsOf("XTRIM s MAXLEN = 3 DELREF"))
                .containsExactly("MULTI", "XTRIM s MAXLEN = 3", "XACK s h 2-0", "EXEC");
        assertThat(send("XTRIM s KEEPREF MAXLEN 2")).isEqualTo(":1");
        assertThat(pending("g")).startsWith("*4 :2 $3 3-0");
        ours.send("XACK", "s", "g", "3-0", "4-0");
        ours.send("XACK", "s", "h", "3-0");
        assertThat(effectsOf("XADD s ACKED MAXLEN 1 6-0 f v")).containsExactly("XADD s 6-0 f v");
        ours.send("XREADGROUP", "GROUP", "h", "c", "NOACK", "STREAMS", "s", ">");
        assertThat(effectsOf("XADD s ACKED MAXLEN 1 7-0 f v"))
                .containsExactly("MULTI", "XADD s 7-0 f v", "XDEL s 4-0", "EXEC");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "XDELEX s IDS 0 1-0 | -ERR Number of IDs must be a positive integer",
                "XDELEX s IDS x 1-0 | -ERR Number of IDs must be a positive integer",
                "XDELEX s IDS 2 1-0 | -ERR The `numids` parameter must match the number of arguments",
                "XDELEX s IDS 1 1-0 2-0 | -ERR The `numids` parameter must match the number of arguments",
                "XDELEX s WRONG IDS 1 1-0 | -ERR syntax error",
                "XDELEX s KEEPREF DELREF ACKED | -ERR syntax error",
                "XDELEX s IDS 1 x | -ERR Invalid stream ID specified as stream command argument"
            })
    void refuse_what_is_wrong(String request, String error) {
        assertThat(send(request)).isEqualTo(error);
        assertThat(send("XLEN s")).isEqualTo(":5");
    }

    @Test
    void what_was_read_is_told_replicas_in_redis_own_forms() {
        assertThat(effectsOf("XREADGROUP GROUP h d COUNT 1 STREAMS s >"))
                .containsExactly(
                        "MULTI",
                        "XCLAIM s h d 0 4-0" + TIME + "1 FORCE JUSTID LASTID 4-0",
                        "XGROUP SETID s h 4-0 ENTRIESREAD 4",
                        "EXEC");
        assertThat(effectsOf("XREADGROUP GROUP h e NOACK STREAMS s >"))
                .containsExactly("MULTI", "XGROUP CREATECONSUMER s h e", "XGROUP SETID s h 5-0 ENTRIESREAD 5", "EXEC");
        assertThat(effectsOf("XREADGROUP GROUP h d STREAMS s 0"))
                .containsExactly("XCLAIM s h d 0 4-0" + TIME + "2 FORCE JUSTID LASTID 5-0");
        assertThat(effectsOf("XREADGROUP GROUP h e STREAMS s 0")).isEmpty();
        assertThat(effectsOf("XREADGROUP GROUP h new STREAMS s 0")).containsExactly("XGROUP CREATECONSUMER s h new");
        assertThat(effectsOf("XCLAIM s h e 0 4-0"))
                .containsExactly("XCLAIM s h e 0 4-0" + TIME + "3 FORCE JUSTID LASTID 5-0");
        ours.send("XDEL", "s", "4-0");
        assertThat(effectsOf("XAUTOCLAIM s h f 0 4-0"))
                .containsExactly("XCLAIM s h e 0 4-0" + TIME + "3 FORCE JUSTID LASTID 5-0");
        assertThat(send("XINFO CONSUMERS s h")).doesNotContain(" f ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "XREADGROUP GROUP g c STREAMS s >",
                "XACK s g 3-0",
                "XCLAIM s g d 0 3-0",
                "XAUTOCLAIM s g d 0 0",
                "XGROUP CREATECONSUMER s g d",
                "XGROUP DELCONSUMER s g c",
                "XGROUP DESTROY s g",
                "XGROUP SETID s g 0"
            })
    void a_change_of_a_group_is_counted_as_one_of_the_server(String request) {
        assertThat(effectsOf(request)).isNotEmpty();
    }

    @Test
    void events_are_raised_as_by_redis() {
        assertThat(ours.eventsOf("XGROUP", "CREATE", "s", "k", "0")).containsExactly("xgroup-create s");
        assertThat(ours.eventsOf("XGROUP", "CREATECONSUMER", "s", "k", "c")).containsExactly("xgroup-createconsumer s");
        assertThat(ours.eventsOf("XREADGROUP", "GROUP", "k", "d", "STREAMS", "s", ">"))
                .containsExactly("xgroup-createconsumer s");
        assertThat(ours.eventsOf("XACK", "s", "k", "1-0")).isEmpty();
        assertThat(ours.eventsOf("XGROUP", "SETID", "s", "k", "0")).containsExactly("xgroup-setid s");
        assertThat(ours.eventsOf("XGROUP", "DELCONSUMER", "s", "k", "d")).containsExactly("xgroup-delconsumer s");
        assertThat(ours.eventsOf("XGROUP", "DESTROY", "s", "k")).containsExactly("xgroup-destroy s");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "XREADGROUP GROUP g c STREAMS a b > > | 5 6",
                "XREADGROUP GROUP STREAMS STREAMS STREAMS a > | 5",
                "XREADGROUP COUNT 1 GROUP STREAMS c STREAMS a > | 7",
                "XREADGROUP GROUP x y GROUP STREAMS c STREAMS a > | 8",
                "XREADGROUP NOACK BLOCK 1 GROUP g STREAMS STREAMS a > | 8",
                "XREADGROUP WRONG g c STREAMS STREAMS a > | ''"
            })
    void the_keys_that_are_judged_are_those_that_are_read(String request, String keys) {
        var form = ours.form(request.split(" "));
        var found = new StringBuilder();
        for (int i = 0; i < form.keyCount(); i++) {
            found.append(form.keyArg(i)).append(' ');
        }
        assertThat(found.toString().strip()).isEqualTo(keys);
    }
}

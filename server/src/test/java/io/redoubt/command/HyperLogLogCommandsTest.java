package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HyperLogLogCommandsTest {
    private final CommandFixture server =
            new CommandFixture(new HyperLogLogCommands(() -> 3000), new StringCommands(() -> 1 << 20));

    @Test
    void elements_are_counted_once() {
        assertThat(server.send("PFADD", "k", "a", "b", "c")).isEqualTo(":1");
        assertThat(server.send("PFADD", "k", "a", "b")).isEqualTo(":0");
        assertThat(server.send("PFADD", "other", "c", "d")).isEqualTo(":1");
        assertThat(server.send("PFCOUNT", "k")).isEqualTo(":3");
        assertThat(server.send("PFCOUNT", "k", "other", "none")).isEqualTo(":4");
        assertThat(server.send("PFMERGE", "all", "k", "other")).isEqualTo("+OK");
        assertThat(server.send("PFCOUNT", "all")).isEqualTo(":4");
        assertThat(server.send("PFDEBUG", "DECODE", "k")).isEqualTo("$44 Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603");
    }

    @Test
    void an_addition_without_elements_makes_a_key() {
        assertThat(server.send("PFADD", "k")).isEqualTo(":1");
        assertThat(server.send("PFADD", "k")).isEqualTo(":0");
        assertThat(server.send("PFCOUNT", "k")).isEqualTo(":0");
        assertThat(server.encoding("k")).isEqualTo("raw");
    }

    @Test
    void what_changes_is_logged_as_sent_and_so_is_a_count_that_is_kept() {
        assertThat(server.effectsOf("PFADD", "k", "a")).containsExactly("PFADD k a");
        assertThat(server.effectsOf("PFADD", "k", "a")).isEmpty();
        assertThat(server.effectsOf("PFCOUNT", "k")).containsExactly("PFCOUNT k");
        assertThat(server.effectsOf("PFCOUNT", "k")).isEmpty();
        assertThat(server.effectsOf("PFCOUNT", "k", "none")).isEmpty();
        assertThat(server.effectsOf("PFMERGE", "m", "k")).containsExactly("PFMERGE m k");
        assertThat(server.effectsOf("PFDEBUG", "TODENSE", "k")).containsExactly("PFDEBUG TODENSE k");
        assertThat(server.effectsOf("PFDEBUG", "TODENSE", "k")).isEmpty();
    }

    @Test
    void adding_and_merging_raise_the_same_event() {
        assertThat(server.eventsOf("PFADD", "k", "a", "b")).containsExactly("new k", "pfadd k");
        assertThat(server.eventsOf("PFADD", "k", "a")).isEmpty();
        assertThat(server.eventsOf("PFCOUNT", "k")).isEmpty();
        assertThat(server.eventsOf("PFMERGE", "m", "k")).containsExactly("keymiss m", "new m", "pfadd m");
    }

    @Test
    void the_expiry_is_kept() {
        server.send("PFADD", "source", "a");
        for (var request :
                new String[] {"PFADD k b", "PFCOUNT k", "PFMERGE k source", "PFDEBUG TODENSE k", "PFADD k c"}) {
            server.send("PFADD", "k", "a");
            server.send("GETEX", "k", "PXAT", "1800000000000");
            server.send(request.split(" "));
            assertThat(server.expiry("k")).as(request).isEqualTo(1_800_000_000_000L);
        }
    }

    @Test
    void other_strings_are_refused() {
        server.send("MSET", "k", "value", "n", "1", "short", "HYLL");
        for (var key : new String[] {"k", "n", "short"}) {
            for (var request : new String[] {"PFADD %s a", "PFCOUNT %s", "PFCOUNT none %s", "PFMERGE d %s"}) {
                assertThat(server.send(request.formatted(key).split(" ")))
                        .as(request)
                        .isEqualTo("-WRONGTYPE Key is not a valid HyperLogLog string value.");
            }
        }
        assertThat(server.encoding("d")).isEqualTo("none");
    }

    @Test
    void corrupt_runs_are_refused_and_nothing_changes() {
        String corrupt = "HYLL\u0001" + "\0".repeat(10) + "\u0080";
        server.send("SET", "k", corrupt);
        for (var request : new String[] {
            "PFADD k a b c d e f", "PFCOUNT k", "PFCOUNT none k", "PFMERGE d k", "PFDEBUG GETREG k", "PFDEBUG TODENSE k"
        }) {
            assertThat(server.send(request.split(" ")))
                    .as(request)
                    .isEqualTo("-INVALIDOBJ Corrupted HLL object detected");
            assertThat(server.raw("GET", "k")).isEqualTo("$16\r\n" + corrupt + "\r\n");
        }
        assertThat(server.encoding("d")).isEqualTo("none");
    }

    @Test
    void the_test_of_itself_passes() {
        assertThat(server.send("PFSELFTEST")).isEqualTo("+OK");
    }
}

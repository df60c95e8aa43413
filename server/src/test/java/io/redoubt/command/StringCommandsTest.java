package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class StringCommandsTest {
    private final CommandFixture server = new CommandFixture(new StringCommands(() -> 1 << 20));

    @AfterEach
    void the_keyspace_is_sound() {
        server.keyspace().checkInvariants();
    }

    @Nested
    class Get {
        @Test
        void returns_what_was_set_and_nil_where_nothing_was() {
            assertThat(server.send("SET", "k", "value")).isEqualTo("+OK");
            assertThat(server.send("GET", "k")).isEqualTo("$5 value");
            assertThat(server.send("GET", "other")).isEqualTo("$-1");
        }
    }

    @Nested
    class Incr {
        @Test
        void counts_from_zero_and_keeps_the_expiry() {
            assertThat(server.send("INCR", "k")).isEqualTo(":1");
            server.raw("SET", "k", "41", "PX", "1000");
            assertThat(server.send("INCR", "k")).isEqualTo(":42");
            assertThat(server.expiry("k")).isEqualTo(server.nowMillis + 1000);
        }
    }

    @Nested
    class Mset {
        @Test
        void sets_every_pair() {
            assertThat(server.send("MSET", "a", "1", "b", "two")).isEqualTo("+OK");
            assertThat(server.send("MGET", "a", "nosuch", "b")).isEqualTo("*3 $1 1 $-1 $3 two");
        }
    }
}

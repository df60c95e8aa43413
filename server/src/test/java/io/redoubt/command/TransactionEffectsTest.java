package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** What a transaction leaves in the replication stream. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TransactionEffectsTest {
    private final CommandFixture fixture = new CommandFixture(
            new TransactionCommands(),
            new StringCommands(() -> 512L << 20),
            new ExpireCommands(),
            new ConnectionCommands(new StubGate(null), 16));

    @Test
    void many_effects_are_one_run_in_brackets() {
        fixture.send("MULTI");
        fixture.send("SET", "a", "1");
        fixture.send("GET", "a");
        fixture.send("SELECT", "3");
        fixture.send("INCR", "b");
        assertThat(fixture.effectsOf("EXEC")).containsExactly("MULTI", "SET a 1", "SELECT 3", "INCR b", "EXEC");
    }

    @Test
    void a_single_effect_needs_no_brackets() {
        fixture.send("MULTI");
        fixture.send("GET", "a");
        fixture.send("SET", "a", "1");
        assertThat(fixture.effectsOf("EXEC")).containsExactly("SET a 1");
    }

    @Test
    void nothing_is_left_where_nothing_was_written() {
        fixture.send("MULTI");
        fixture.send("GET", "a");
        fixture.send("PERSIST", "a");
        assertThat(fixture.effectsOf("EXEC")).isEmpty();
        fixture.send("MULTI");
        fixture.send("SET", "a", "1");
        assertThat(fixture.effectsOf("DISCARD")).isEmpty();
    }

    @Test
    void a_key_that_expires_inside_is_deleted_in_its_place() {
        fixture.send("SET", "a", "1", "PX", "10");
        fixture.nowMillis += 20;
        fixture.send("MULTI");
        fixture.send("GET", "a");
        fixture.send("SET", "b", "1");
        assertThat(fixture.effectsOf("EXEC")).containsExactly("MULTI", "DEL a", "SET b 1", "EXEC");
    }
}

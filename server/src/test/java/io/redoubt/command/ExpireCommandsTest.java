package io.redoubt.command;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ExpireCommandsTest {
    private static final long NOW = 1_700_000_000_000L;

    private final KeyServer server = new KeyServer(1);

    @BeforeEach
    void a_key() {
        server.send("SET a 1");
    }

    @AfterEach
    void the_keyspace_is_sound() {
        server.keyspace().checkInvariants();
    }

    @ParameterizedTest
    @CsvSource({
        "EXPIRE a 100,               1700000100000",
        "PEXPIRE a 100,              1700000000100",
        "EXPIREAT a 1700000001,      1700000001000",
        "PEXPIREAT a 1700000000001,  1700000000001",
        "pexpireat a 1700000000001,  1700000000001",
        "EXPIRE a 100 nx,            1700000100000",
        "PEXPIREAT a 9223372036854775807, 9223372036854775807"
    })
    void a_time_is_kept_and_replicated_in_milliseconds(String command, String when) {
        assertThat(server.effectsOf(command)).containsExactly("PEXPIREAT a " + when);
        assertThat(server.send("PEXPIRETIME a")).isEqualTo(":" + when);
        assertThat(server.eventsOf(command.replace(" nx", ""))).containsExactly("expire a@0");
    }

    @ParameterizedTest
    @CsvSource({"EXPIRE a 0", "EXPIRE a -5", "PEXPIRE a -1", "EXPIREAT a 1", "PEXPIREAT a 1700000000000"})
    void a_time_in_the_past_deletes(String command) {
        assertThat(server.effectsOf(command)).containsExactly("DEL a");
        assertThat(server.send("EXISTS a")).isEqualTo(":0");
        server.send("SET a 1");
        assertThat(server.eventsOf(command)).containsExactly("del a@0");
        server.send("SET a 1");
        server.keyspace().expiry().unlinks = true;
        assertThat(server.effectsOf(command)).containsExactly("UNLINK a");
    }

    @Test
    void a_replica_leaves_deleting_to_its_master() {
        server.keyspace().expiry().isReplica = true;
        assertThat(server.send("PEXPIRE a -1")).isEqualTo(":1");
        assertThat(server.send("EXISTS a")).isEqualTo(":0");
        assertThat(server.keyspace().size(0)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "NX, :1, :0, :0",
        "XX, :0, :1, :1",
        "GT, :0, :0, :1",
        "LT, :1, :1, :0",
        "XX GT, :0, :0, :1",
        "LT XX, :0, :1, :0",
        "NX NX, :1, :0, :0"
    })
    void conditions_compare_with_the_present_expiry(String words, String never, String earlier, String later) {
        assertThat(server.send("EXPIRE a 100 " + words)).isEqualTo(never);
        server.send("EXPIRE a 100");
        assertThat(server.send("EXPIRE a 50 " + words)).isEqualTo(earlier);
        server.send("EXPIRE a 100");
        assertThat(server.send("EXPIRE a 200 " + words)).isEqualTo(later);
    }

    @Test
    void an_equal_time_is_neither_greater_nor_less() {
        server.send("EXPIRE a 100");
        assertThat(server.send("EXPIRE a 100 GT")).isEqualTo(":0");
        assertThat(server.send("EXPIRE a 100 LT")).isEqualTo(":0");
        assertThat(server.effectsOf("EXPIRE a 100 LT")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "EXPIRE a abc,                     -ERR value is not an integer or out of range",
        "EXPIRE x abc,                     -ERR value is not an integer or out of range",
        "EXPIRE a abc foo,                 -ERR Unsupported option foo",
        "EXPIRE a 1 NX foo,                -ERR Unsupported option foo",
        "EXPIRE a 1 NX GT,                 '-ERR NX and XX, GT or LT options at the same time are not compatible'",
        "EXPIRE a 1 GT LT,                 -ERR GT and LT options at the same time are not compatible",
        "EXPIRE a 9223372036854775807,     -ERR invalid expire time in 'expire' command",
        "EXPIRE a -9223372036854775807,    -ERR invalid expire time in 'expire' command",
        "EXPIRE a 9223372036854775,        -ERR invalid expire time in 'expire' command",
        "PEXPIRE a 9223372036854775807,    -ERR invalid expire time in 'pexpire' command",
        "EXPIREAT x 9223372036854775807,   -ERR invalid expire time in 'expireat' command",
        "EXPIRE x 1,                       :0",
        "EXPIRE a,                         -ERR wrong number of arguments for 'expire' command"
    })
    void bad_requests_change_nothing(String command, String reply) {
        assertThat(server.send(command)).isEqualTo(reply);
        assertThat(server.send("TTL a")).isEqualTo(":-1");
    }

    @Test
    void a_key_lives_until_its_time_and_no_longer() {
        server.send("PEXPIRE a 100");
        server.nowMillis = NOW + 99;
        assertThat(server.send("PTTL a")).isEqualTo(":1");
        assertThat(server.send("EXISTS a")).isEqualTo(":1");
        server.nowMillis = NOW + 100;
        assertThat(server.effectsOf("TTL a")).containsExactly("DEL a");
        assertThat(server.send("TTL a")).isEqualTo(":-2");
        assertThat(server.keyspace().size(0)).isZero();
    }

    @Test
    void seconds_are_rounded_to_the_nearest() {
        server.send("PEXPIREAT a " + (NOW + 1499));
        assertThat(server.send("TTL a")).isEqualTo(":1");
        assertThat(server.send("EXPIRETIME a")).isEqualTo(":1700000001");
        server.send("PEXPIREAT a " + (NOW + 1500));
        assertThat(server.send("TTL a")).isEqualTo(":2");
        assertThat(server.send("EXPIRETIME a")).isEqualTo(":1700000002");
        assertThat(server.send("EXPIRETIME x")).isEqualTo(":-2");
    }

    @Test
    void persist_takes_an_expiry_away_once() {
        assertThat(server.send("PERSIST a")).isEqualTo(":0");
        server.send("EXPIRE a 100");
        assertThat(server.effectsOf("PERSIST a")).containsExactly("PERSIST a");
        assertThat(server.send("TTL a")).isEqualTo(":-1");
        assertThat(server.effectsOf("PERSIST a")).isEmpty();
        assertThat(server.send("PERSIST x")).isEqualTo(":0");
    }
}

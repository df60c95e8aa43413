package io.redoubt.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SlowLogTest {
    private ObserveServer server;

    @BeforeEach
    void start() {
        server = new ObserveServer(Path.of("unused"));
        server.slowLog.setThresholdMicros(0);
    }

    private String lastArguments() {
        var words = new StringBuilder();
        for (byte[] argument : server.slowLog.newest(1).getFirst().arguments()) {
            words.append(words.isEmpty() ? "" : " ").append(ObserveServer.text(argument));
        }
        return words.toString();
    }

    @Test
    void shows_the_newest_first_with_six_fields() {
        server.send("SET k v");
        server.session().setName(ObserveServer.bytes("bob"));
        server.send("GET k");
        assertThat(server.send("SLOWLOG GET 2"))
                .matches("\\*2 \\*6 :1 :\\d{10} :\\d+ \\*2 \\$3 GET \\$1 k \\$15 127.0.0.1:50001 \\$3 bob"
                        + " \\*6 :0 :\\d{10} :\\d+ \\*3 \\$3 SET \\$1 k \\$1 v \\$15 127.0.0.1:50001 \\$0");
    }

    @Test
    void counts_forgets_and_goes_on_numbering() {
        server.send("GET a");
        server.send("GET b");
        assertThat(server.send("SLOWLOG LEN")).isEqualTo(":2");
        assertThat(server.send("SLOWLOG RESET")).isEqualTo("+OK");
        assertThat(server.slowLog.newest(10))
                .singleElement()
                .satisfies(entry -> assertThat(entry.id()).isEqualTo(3));
    }

    @Test
    void keeps_as_many_as_the_directive_says() {
        server.maxLength = 3;
        for (int i = 0; i < 10; i++) {
            server.send("GET k" + i);
        }
        assertThat(server.slowLog.length()).isEqualTo(3);
        server.maxLength = 0;
        server.send("GET k");
        assertThat(server.slowLog.length()).isZero();
    }

    @Test
    void get_returns_ten_by_default_and_all_for_minus_one() {
        for (int i = 0; i < 15; i++) {
            server.send("GET k" + i);
        }
        assertThat(server.send("SLOWLOG GET")).startsWith("*10 ");
        assertThat(server.send("SLOWLOG GET -1")).startsWith("*16 ");
        assertThat(server.send("SLOWLOG GET 0")).isEqualTo("*0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc", "-2"})
    void get_refuses_a_bad_count(String count) {
        assertThat(server.send("SLOWLOG GET " + count)).isEqualTo("-ERR count should be greater than or equal to -1");
    }

    @Test
    void errors_are_those_of_redis() {
        assertThat(server.send("SLOWLOG GET 1 2"))
                .isEqualTo("-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
        assertThat(server.send("SLOWLOG FOO")).isEqualTo("-ERR unknown subcommand 'FOO'. Try SLOWLOG HELP.");
        assertThat(server.send("SLOWLOG RESET x"))
                .isEqualTo("-ERR wrong number of arguments for 'slowlog|reset' command");
        assertThat(server.send("SLOWLOG HELP"))
                .startsWith("*11 +SLOWLOG <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +GET [<count>]");
    }

    @Test
    void a_negative_threshold_shows_nothing_and_a_huge_one_only_what_takes_as_long() {
        server.slowLog.setThresholdMicros(-1);
        assertThat(server.slowLog.thresholdNanos()).isEqualTo(Long.MAX_VALUE);
        server.slowLog.setThresholdMicros(Long.MAX_VALUE);
        assertThat(server.slowLog.thresholdNanos()).isEqualTo(Long.MAX_VALUE);
        server.send("GET k");
        assertThat(server.slowLog.length()).isZero();
        server.slowLog.setThresholdMicros(10_000);
        assertThat(server.slowLog.thresholdNanos()).isEqualTo(10_000_000);
    }

    @Test
    void shortens_long_arguments_and_long_lists_of_them() {
        server.send("SET k " + "a".repeat(128));
        assertThat(lastArguments()).isEqualTo("SET k " + "a".repeat(128));
        server.send("SET k " + "a".repeat(200));
        assertThat(lastArguments()).isEqualTo("SET k " + "a".repeat(128) + "... (72 more bytes)");
        server.send("MGET" + " y".repeat(31));
        assertThat(lastArguments()).isEqualTo("MGET" + " y".repeat(31));
        server.send("MGET" + " y".repeat(32));
        assertThat(lastArguments()).isEqualTo("MGET" + " y".repeat(30) + " ... (2 more arguments)");
        server.send("MGET" + " y".repeat(40));
        assertThat(lastArguments()).isEqualTo("MGET" + " y".repeat(30) + " ... (10 more arguments)");
    }

    @Test
    void leaves_out_commands_that_did_not_run_or_ask_for_it() {
        server.send("NOSUCH secret");
        server.send("GET a b");
        server.send("QUIET");
        assertThat(server.slowLog.length()).isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "auth pw|auth (redacted)",
                "AUTH bob pw|AUTH (redacted) (redacted)",
                "HELLO 3 auth bob pw SETNAME x|HELLO 3 auth (redacted) (redacted) SETNAME x",
                "HELLO 3 SETNAME auth AUTH bob pw|HELLO 3 SETNAME auth (redacted) (redacted) (redacted)",
                "HELLO x AUTH pw|HELLO x AUTH (redacted)",
                "ACL SETUSER foo on >pw|ACL SETUSER (redacted) (redacted) (redacted)",
                "ACL DRYRUN foo AUTH pw|ACL DRYRUN foo AUTH (redacted)",
                "CONFIG SET port 1 RequirePass pw|CONFIG SET port 1 RequirePass (redacted)",
                "MIGRATE h 1 k 0 10 AUTH pw|MIGRATE h 1 k 0 10 AUTH (redacted)",
                "MIGRATE h 1 k 0 10 AUTH2 bob pw KEYS k|MIGRATE h 1 k 0 10 AUTH2 (redacted) (redacted) KEYS k",
                "VAULT a b|VAULT (redacted) (redacted)"
            })
    void secrets_are_never_shown(String command, String shown) {
        server.send(command);
        assertThat(lastArguments()).isEqualTo(shown);
        var watcher = server.newSession(2);
        server.monitors.add(watcher);
        server.send(command);
        String quoted = '"' + shown.replace(" ", "\" \"") + '"';
        assertThat(server.pushed).containsExactly("2: +1700000000.000042 [0 127.0.0.1:50001] " + quoted + "\r\n");
    }
}
